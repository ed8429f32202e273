//! What a value is made of, and how values are put together.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::name::NodeId;

/// How a field takes part in a value. Of two ways the first one says more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum How {
    /// The value is the field's.
    Same,
    /// The value is the field's in some rows, or one of the field's: `coalesce`, `case`, `max`.
    OneOf,
    /// The value is computed from the field's.
    Computed,
    /// The field decides which value it is: the condition of a `case`, the order of a window.
    Decides,
}

/// A column of a table, or something inside of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Field {
    pub table: NodeId,
    pub column: String,
    /// The way into the JSON, struct or list that it holds, as in `.items[].sku`; empty for all of it.
    pub path: String,
}

/// How a field is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Use {
    pub how: How,
    /// Whether the value still has the field's inner shape, so that a path in the one is a path in the other.
    pub is_whole: bool,
}

/// Where a value comes from. Without any field it is made in the query: a constant, the clock, a count of rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    pub fields: BTreeMap<Field, Use>,
    /// Why something that it may come from is not told.
    pub untold: BTreeSet<String>,
}

impl Origin {
    /// Puts another origin beside this one.
    pub(super) fn join(&mut self, other: Self) {
        for (field, new) in other.fields {
            self.add(field, new);
        }
        self.untold.extend(other.untold);
    }

    pub(super) fn add(&mut self, field: Field, new: Use) {
        let held = self.fields.entry(field).or_insert(new);
        *held = Use { how: held.how.min(new.how), is_whole: held.is_whole || new.is_whole };
    }
}

/// A value, with what is known of its parts.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Value {
    pub(super) origin: Origin,
    parts: Parts,
}

#[derive(Debug, Clone, Default, PartialEq)]
enum Parts {
    #[default]
    Unknown,
    List(Vec<Value>),
    Struct(Vec<(String, Value)>),
}

impl Value {
    /// A column of a table, all of it.
    pub(super) fn column(table: &NodeId, column: &str) -> Self {
        let field = Field { table: table.clone(), column: column.to_string(), path: String::new() };
        let fields = [(field, Use { how: How::Same, is_whole: true })].into();
        Self { origin: Origin { fields, ..Origin::default() }, parts: Parts::Unknown }
    }

    pub(super) fn untold(reason: impl Into<String>) -> Self {
        let origin = Origin { untold: [reason.into()].into(), ..Origin::default() };
        Self { origin, parts: Parts::Unknown }
    }

    /// A list of these elements. A path into it is none into them.
    pub(super) fn list(elements: Vec<Self>) -> Self {
        let mut origin = Self::all(elements.clone(), How::OneOf).origin;
        origin.fields.values_mut().for_each(|used| used.is_whole = false);
        Self { origin, parts: Parts::List(elements) }
    }

    /// A struct of these fields, which holds all of them and is none.
    pub(super) fn structure(fields: Vec<(String, Self)>) -> Self {
        let values = fields.iter().map(|(_, value)| value.clone()).collect();
        Self { origin: Self::all(values, How::Computed).origin, parts: Parts::Struct(fields) }
    }

    /// What is made of all of these, each used in one way.
    pub(super) fn all(values: Vec<Self>, how: How) -> Self {
        let mut made = Self::default();
        for value in values {
            made.origin.join(value.used(how).origin);
        }
        made
    }

    /// One of these values, whichever.
    pub(super) fn one_of(values: Vec<Self>) -> Self {
        match <[Self; 1]>::try_from(values) {
            Ok([only]) => only,
            Err(values) => Self::all(values, How::OneOf),
        }
    }

    /// The value of either side of a union: a field is what it is in both, and only that of some rows where the other side
    /// has another.
    pub(super) fn or(mut self, other: Self) -> Self {
        if self.parts != other.parts {
            self.parts = Parts::Unknown;
        }
        let mut mine = std::mem::take(&mut self.origin.fields);
        let in_some = |used: Use| Use { how: used.how.max(How::OneOf), ..used };
        for (field, its) in other.origin.fields {
            let both = match mine.remove(&field) {
                None => in_some(its),
                Some(own) if own.how == its.how => Use { is_whole: own.is_whole && its.is_whole, ..own },
                Some(own) => {
                    // What only decides on one side is a value on the other.
                    let how = Some(own.how.max(its.how)).filter(|how| *how != How::Decides);
                    let how = how.unwrap_or(own.how.min(its.how).max(How::OneOf));
                    Use { how, is_whole: own.is_whole && its.is_whole }
                }
            };
            self.origin.fields.insert(field, both);
        }
        self.origin.fields.extend(mine.into_iter().map(|(field, own)| (field, in_some(own))));
        self.origin.untold.extend(other.origin.untold);
        self
    }

    /// This one with others that take part in it in another way.
    pub(super) fn with(mut self, others: Vec<Self>, how: How) -> Self {
        self.origin.join(Self::all(others, how).origin);
        self
    }

    /// The value, used in at least this way.
    pub(super) fn used(mut self, how: How) -> Self {
        if how == How::Same {
            return self;
        }
        for used in self.origin.fields.values_mut() {
            used.how = used.how.max(how);
            used.is_whole &= how <= How::OneOf;
        }
        self.parts = Parts::Unknown;
        self
    }

    /// The value in another type, its inner shape as it was.
    pub(super) fn cast(mut self) -> Self {
        self.origin.fields.values_mut().for_each(|used| used.how = used.how.max(How::Computed));
        self.map_parts(Self::cast)
    }

    fn map_parts(mut self, each: impl Fn(Self) -> Self) -> Self {
        self.parts = match self.parts {
            Parts::Unknown => Parts::Unknown,
            Parts::List(list) => Parts::List(list.into_iter().map(each).collect()),
            Parts::Struct(fields) => Parts::Struct(fields.into_iter().map(|(name, it)| (name, each(it))).collect()),
        };
        self
    }

    /// What stands inside at a path, as in `.items[]`.
    pub(super) fn inside(&self, path: &str) -> Self {
        let mut origin = Origin { untold: self.origin.untold.clone(), ..Origin::default() };
        for (field, used) in &self.origin.fields {
            let (path, how) = match used.is_whole {
                true => (format!("{}{path}", field.path), used.how),
                false => (field.path.clone(), used.how.max(How::Computed)),
            };
            origin.add(Field { path, ..field.clone() }, Use { how, ..*used });
        }
        Self { origin, parts: Parts::Unknown }
    }

    /// An element of a list: that at a place from 1, where it is known.
    pub(super) fn element(&self, place: Option<usize>) -> Self {
        match (&self.parts, place) {
            (Parts::List(list), Some(place)) => {
                place.checked_sub(1).and_then(|at| list.get(at)).cloned().unwrap_or_default()
            }
            (Parts::List(list), None) => Self::one_of(list.clone()),
            _ => self.inside("[]").one(),
        }
    }

    /// The value as one of several that the field holds.
    fn one(mut self) -> Self {
        self.origin.fields.values_mut().for_each(|used| used.how = used.how.max(How::OneOf));
        self
    }

    /// A list in which every element became another.
    pub(super) fn each(&self, change: impl Fn(Self) -> Self) -> Self {
        match &self.parts {
            Parts::List(list) => Self::list(list.iter().cloned().map(change).collect()),
            // What is done to elements is done to the list of them; their paths are lost.
            _ => change(self.element(None)).used(How::Computed),
        }
    }

    /// A field of a struct or of a JSON object.
    pub(super) fn field(&self, name: &str) -> Self {
        match &self.parts {
            Parts::Struct(fields) => match fields.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
                Some((_, value)) => value.clone(),
                None => Self::untold(format!("the struct has no field `{name}`")),
            },
            _ => self.inside(&super::path::name(name)),
        }
    }

    /// The fields of a struct, where they are known.
    pub(super) fn fields(&self) -> Option<&[(String, Self)]> {
        match &self.parts {
            Parts::Struct(fields) => Some(fields),
            _ => None,
        }
    }
}
