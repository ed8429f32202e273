//! Calling a macro: arguments bound as Jinja binds them, and the value that it returns.

use std::fmt;
use std::sync::Arc;

use minijinja::value::{Kwargs, Object, ObjectRepr, Tuple};
use minijinja::{Error, State, Value};

use crate::error::suggestion;
use crate::render::builtins::Missing;
use crate::render::definitions::Definition;
use crate::render::fault::told;
use crate::render::library::Macro;
use crate::render::rendering::Rendering;
use crate::render::values::Dictionary;
use crate::render::values::entries;
use crate::render::values::split;

/// A macro in one rendering.
#[derive(Debug)]
pub(super) struct Callable {
    pub found: Arc<Macro>,
    pub rendering: Arc<Rendering>,
}

impl Object for Callable {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        (key.as_str() == Some("name")).then(|| Value::from(self.found.definition.name.as_str()))
    }

    fn call(self: &Arc<Self>, state: &mut State<'_, '_>, arguments: &[Value]) -> Result<Value, Error> {
        let rendering = &self.rendering;
        let bound = bind(&self.found.definition, arguments)?;
        let body = rendering.body(state, &self.found)?;
        rendering.noted().macros.insert(self.found.index);
        let result = body.call(state, &bound);
        if let Some(returned) = rendering.noted().returned.take() {
            return Ok(returned);
        }
        // One error in another: the engine gives this one the place of the call.
        result.map_err(|error| Error::new(error.kind(), self.found.definition.name.clone()).with_source(error))
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<macro {}>", self.found.definition.name)
    }
}

/// A macro that returns one value, whatever it is called with.
#[derive(Debug)]
pub(super) struct Constant(pub Value);

impl Object for Constant {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn call(self: &Arc<Self>, _: &mut State<'_, '_>, _: &[Value]) -> Result<Value, Error> {
        Ok(self.0.clone())
    }
}

/// The arguments for the engine's macro: every parameter by position, then `varargs`, `kwargs` and `caller` if it names them.
fn bind(definition: &Definition, arguments: &[Value]) -> Result<Vec<Value>, Error> {
    let name = &definition.name;
    let (positional, named) = split(arguments);
    let mut bound: Vec<Value> = positional.iter().take(definition.parameters.len()).cloned().collect();
    let more = positional.get(definition.parameters.len()..).unwrap_or_default();
    if !more.is_empty() && !definition.varargs {
        let most = definition.parameters.len();
        let message = format!("macro `{name}` takes {}, and {} given", counted(most), given(positional.len()));
        let help = format!("it is `{name}({})`: take what is too much away", definition.parameters.join(", "));
        return Err(told(message, Some(help)));
    }
    for parameter in definition.parameters.iter().enumerate().skip(bound.len()).map(|(at, _)| at) {
        bound.push(if definition.has_default[parameter] { Value::from_object(Missing) } else { Value::UNDEFINED });
    }
    let mut others = Vec::new();
    let mut caller = None;
    for (key, value) in named.map(|named| entries(&Value::from(named))).transpose()?.unwrap_or_default() {
        let at = definition.parameters.iter().position(|parameter| key.as_str() == Some(parameter));
        match at {
            Some(at) if at < positional.len() => {
                let help = format!("take `{key}=` away, or what stands in its place");
                return Err(told(format!("macro `{name}` is given `{key}` twice"), Some(help)));
            }
            Some(at) => bound[at] = value,
            None if key.as_str() == Some("caller") => caller = Some(value),
            None if definition.kwargs => others.push((key, value)),
            None => {
                let known = definition.parameters.iter().map(String::as_str);
                let help = suggestion(key.as_str().unwrap_or_default(), known);
                return Err(told(format!("macro `{name}` has no parameter `{key}`"), help));
            }
        }
    }
    if definition.varargs {
        bound.push(Value::from(Tuple::from(more)));
    }
    if definition.kwargs {
        bound.push(Dictionary::of(others));
    }
    match caller {
        Some(caller) if definition.caller => bound.push(Kwargs::from_iter([("caller", caller)]).into()),
        Some(_) => {
            let help = format!("write `{{{{ caller() }}}}` in `{name}`, or call it without `{{% call %}}`");
            return Err(told(format!("macro `{name}` has no use for the body of a `call` block"), Some(help)));
        }
        None => {}
    }
    Ok(bound)
}

fn given(count: usize) -> String {
    format!("{count} {}", if count == 1 { "was" } else { "were" })
}

fn counted(count: usize) -> String {
    match count {
        0 => "no arguments".to_string(),
        1 => "1 argument".to_string(),
        many => format!("at most {many} arguments"),
    }
}
