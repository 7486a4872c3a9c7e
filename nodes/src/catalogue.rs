//! The list of products.
//!
//! It exists so that nothing above this crate names a product: a new one is a folder beside the others and a line here.

use crate::grammar::LogKind;
use crate::product::Product;
use crate::{dm_dsc, kingbase, opengauss_dms, opengauss_ha, polardb};

/// Every product that can be built.
pub fn products() -> &'static [Product] {
    &[opengauss_dms::PRODUCT, dm_dsc::PRODUCT, polardb::PRODUCT, kingbase::PRODUCT, opengauss_ha::PRODUCT]
}

/// The product whose module is called `model`.
pub fn find(model: &str) -> Option<&'static Product> {
    products().iter().find(|product| product.model == model)
}

/// The native logs of a product that can be held against its model; none for most products.
pub fn logs(model: &str) -> &'static [LogKind] {
    match model {
        "opengauss_dms" => opengauss_dms::grammar::LOGS,
        "dm_dsc" => dm_dsc::grammar::LOGS,
        _ => &[],
    }
}
