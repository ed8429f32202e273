//! Where the sample's customers live: countries, places, currencies and what things cost there.

use crate::sample::draw::Draws;
use crate::sample::draw::scatter;

/// A currency, and what one unit of it is worth.
#[derive(Debug)]
pub(super) struct Currency {
    /// ISO 4217.
    pub(super) code: &'static str,
    /// Millionths of a naira for one unit: the level that the invented rates move around.
    pub(super) level: i64,
    /// Prices are multiples of this many hundredths.
    pub(super) step: i64,
    /// Whether `fx_rates.csv` knows it; of one it does not, the report has to tell.
    pub(super) rated: bool,
}

/// A country that is sold to.
#[derive(Debug)]
pub(super) struct Market {
    /// ISO 3166, two letters.
    pub(super) country: &'static str,
    /// What a telephone number begins with.
    pub(super) calling_code: &'static str,
    /// Which of [`CURRENCIES`].
    pub(super) currency: &'static Currency,
    /// Customers out of a thousand.
    weight: u32,
    /// Regions, each with a city in it.
    pub(super) places: &'static [(&'static str, &'static str)],
    /// How people pay there.
    pub(super) methods: &'static [&'static str],
}

const fn currency(code: &'static str, level: i64, step: i64) -> Currency {
    Currency { code, level, step, rated: true }
}

/// The currency all else is converted to.
pub(super) static NGN: Currency = currency("NGN", 1_000_000, 5_000);
/// What some pay in, wherever they live.
pub(super) static USD: Currency = currency("USD", 1_545_000_000, 1);
static KES: Currency = currency("KES", 11_950_000, 500);
static GHS: Currency = currency("GHS", 104_500_000, 50);
static ZAR: Currency = currency("ZAR", 82_300_000, 100);
static EGP: Currency = currency("EGP", 30_600_000, 25);
static XOF: Currency = currency("XOF", 2_430_000, 2_500);
static UGX: Currency = currency("UGX", 418_000, 50_000);
static TZS: Currency = currency("TZS", 622_000, 10_000);
/// Its rates begin later than the others'.
static RWF: Currency = currency("RWF", 1_118_000, 5_000);
static MAD: Currency = currency("MAD", 153_400_000, 50);
/// Nobody supplies a rate for it.
static ZMW: Currency = Currency { code: "ZMW", level: 55_200_000, step: 50, rated: false };

/// Every currency but the naira itself, by code.
pub(super) static FOREIGN: [&Currency; 11] = [&EGP, &GHS, &KES, &MAD, &RWF, &TZS, &UGX, &USD, &XOF, &ZAR, &ZMW];

/// The markets; their weights add up to a thousand.
pub(super) static MARKETS: [Market; 12] = [
    Market {
        country: "NG",
        calling_code: "+234",
        currency: &NGN,
        weight: 420,
        places: &[
            ("Lagos", "Ikeja"),
            ("Lagos", "Lekki"),
            ("FCT", "Abuja"),
            ("Kano", "Kano"),
            ("Rivers", "Port Harcourt"),
            ("Oyo", "Ibadan"),
            ("Enugu", "Enugu"),
        ],
        methods: &["card", "bank_transfer", "ussd", "cash_on_delivery"],
    },
    Market {
        country: "KE",
        calling_code: "+254",
        currency: &KES,
        weight: 120,
        places: &[("Nairobi", "Nairobi"), ("Mombasa", "Mombasa"), ("Kisumu", "Kisumu"), ("Nakuru", "Nakuru")],
        methods: &["mpesa", "mpesa", "card", "cash_on_delivery"],
    },
    Market {
        country: "GH",
        calling_code: "+233",
        currency: &GHS,
        weight: 90,
        places: &[("Greater Accra", "Accra"), ("Ashanti", "Kumasi"), ("Western", "Takoradi")],
        methods: &["mobile_money", "card", "ussd"],
    },
    Market {
        country: "ZA",
        calling_code: "+27",
        currency: &ZAR,
        weight: 90,
        places: &[("Gauteng", "Johannesburg"), ("Western Cape", "Cape Town"), ("KwaZulu-Natal", "Durban")],
        methods: &["card", "card", "bank_transfer"],
    },
    Market {
        country: "EG",
        calling_code: "+20",
        currency: &EGP,
        weight: 70,
        places: &[("Cairo", "Cairo"), ("Alexandria", "Alexandria"), ("Giza", "Giza")],
        methods: &["cash_on_delivery", "card", "mobile_money"],
    },
    Market {
        country: "CI",
        calling_code: "+225",
        currency: &XOF,
        weight: 50,
        places: &[("Abidjan", "Abidjan"), ("Gbêkê", "Bouaké")],
        methods: &["mobile_money", "cash_on_delivery"],
    },
    Market {
        country: "SN",
        calling_code: "+221",
        currency: &XOF,
        weight: 40,
        places: &[("Dakar", "Dakar"), ("Thiès", "Thiès")],
        methods: &["mobile_money", "card"],
    },
    Market {
        country: "UG",
        calling_code: "+256",
        currency: &UGX,
        weight: 35,
        places: &[("Central", "Kampala"), ("Eastern", "Jinja")],
        methods: &["mobile_money", "cash_on_delivery"],
    },
    Market {
        country: "TZ",
        calling_code: "+255",
        currency: &TZS,
        weight: 30,
        places: &[("Dar es Salaam", "Dar es Salaam"), ("Arusha", "Arusha")],
        methods: &["mpesa", "mobile_money"],
    },
    Market {
        country: "RW",
        calling_code: "+250",
        currency: &RWF,
        weight: 21,
        places: &[("Kigali", "Kigali"), ("Southern", "Huye")],
        methods: &["mobile_money", "card"],
    },
    Market {
        country: "MA",
        calling_code: "+212",
        currency: &MAD,
        weight: 30,
        places: &[("Casablanca-Settat", "Casablanca"), ("Fès-Meknès", "Fès")],
        methods: &["cash_on_delivery", "card"],
    },
    Market {
        country: "ZM",
        calling_code: "+260",
        currency: &ZMW,
        weight: 4,
        places: &[("Lusaka", "Lusaka")],
        methods: &["mobile_money"],
    },
];

const FIRST_NAMES: [&str; 16] = [
    "adaeze", "akua", "amina", "baraka", "chidi", "fatou", "kwame", "lindiwe", "moussa", "nia", "omar", "sipho",
    "tendai", "wanjiru", "yasmine", "zuri",
];
const LAST_NAMES: [&str; 16] = [
    "abebe", "banda", "cisse", "diallo", "eze", "farouk", "haddad", "kamau", "mensah", "mwangi", "ndlovu", "okafor",
    "osei", "sow", "tazi", "uwase",
];

/// How many things it sells.
pub(super) const PRODUCTS: u32 = 160;

/// Somebody invented, all of whose traits follow from a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Customer(pub(super) u32);

impl Customer {
    /// Somebody: every second time one of the regulars.
    pub(super) fn draw(draws: &mut Draws) -> Self {
        let known = if draws.chance(500_000) { 2_000 } else { 100_000 };
        Self(draws.below(known))
    }

    /// Where the customer lives.
    pub(super) fn market(self) -> &'static Market {
        let mut place = self.0 % 1_000;
        for market in &MARKETS {
            if place < market.weight {
                return market;
            }
            place -= market.weight;
        }
        &MARKETS[0]
    }

    /// First and last name, lower-case.
    pub(super) fn name(self) -> (&'static str, &'static str) {
        let bits = scatter(u64::from(self.0)) as usize;
        (FIRST_NAMES[bits % FIRST_NAMES.len()], LAST_NAMES[bits / FIRST_NAMES.len() % LAST_NAMES.len()])
    }
}

/// The price of a product in hundredths of the currency: about the same value everywhere, a plain number in each.
pub(super) fn price(product: u32, currency: &Currency) -> i64 {
    const NAIRA: [i64; 12] =
        [1_500, 2_400, 3_500, 4_800, 6_500, 9_000, 12_500, 18_000, 26_000, 42_000, 65_000, 120_000];
    let bits = scatter(u64::from(product) ^ 0x5C0);
    let naira = NAIRA[(bits % NAIRA.len() as u64) as usize];
    let hundredths = naira * 100 * 1_000_000 / currency.level;
    (hundredths / currency.step).max(1) * currency.step
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_thousand_customers_live_as_the_weights_say() {
        assert_eq!(MARKETS.iter().map(|market| market.weight).sum::<u32>(), 1_000);
        for market in &MARKETS {
            let here = (0..1_000).filter(|&number| Customer(number).market().country == market.country).count();
            assert_eq!(here, market.weight as usize, "{}", market.country);
        }
    }

    #[test]
    fn a_price_is_worth_about_the_same_everywhere() {
        for product in 0..PRODUCTS {
            let naira = price(product, &NGN) as f64;
            for market in &MARKETS {
                let here = price(product, market.currency) as f64 * market.currency.level as f64 / 1e6;
                assert!((0.6..1.6).contains(&(here / naira)), "{} {product}: {here} {naira}", market.country);
            }
        }
    }
}
