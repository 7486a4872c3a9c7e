//! The list of products.
//!
//! It exists so that nothing above this crate names a product: a new one is a folder beside the others and a line here.

use crate::opengauss_dms;
use crate::product::Product;

/// Every product that can be built.
pub fn products() -> &'static [Product] {
    &[opengauss_dms::PRODUCT]
}

/// The product whose module is called `model`.
pub fn find(model: &str) -> Option<&'static Product> {
    products().iter().find(|product| product.model == model)
}
