//! The list of products.
//!
//! It exists so that nothing above this crate names a product: a new one is a folder beside the others and a line here.

use crate::grammar::LogKind;
use crate::operations::Operations;
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

/// The native logs and outputs of a product that can be held against its model.
pub fn logs(model: &str) -> &'static [LogKind] {
    match model {
        "opengauss_dms" => opengauss_dms::grammar::LOGS,
        "dm_dsc" => dm_dsc::grammar::LOGS,
        "kingbase" => kingbase::grammar::LOGS,
        "opengauss_ha" => opengauss_ha::grammar::LOGS,
        "polardb" => polardb::grammar::LOGS,
        _ => &[],
    }
}

/// How a product is looked at by whom operates it.
pub fn operations(model: &str) -> Option<&'static Operations> {
    match model {
        "opengauss_dms" => Some(&opengauss_dms::OPERATIONS),
        "dm_dsc" => Some(&dm_dsc::OPERATIONS),
        "polardb" => Some(&polardb::OPERATIONS),
        "kingbase" => Some(&kingbase::OPERATIONS),
        "opengauss_ha" => Some(&opengauss_ha::OPERATIONS),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_product_says_of_its_commands_and_procedures_is_there() {
        for product in products() {
            for words in product.looking {
                let is_command = product.commands.iter().any(|command| command.program == words[0]);
                assert!(is_command, "{}: {words:?} is no command", product.model);
                // A statement goes on behind its first words.
                let goes_on = |word: &&str| if word.contains(' ') { format!("{word}x") } else { (*word).to_owned() };
                let typed: Vec<String> = words.iter().map(goes_on).collect();
                assert!(product.only_looks(&typed), "{}: {typed:?}", product.model);
            }
            for procedure in product.procedures {
                let step = format!("{procedure}-step.");
                let announced =
                    product.events.iter().any(|event| event.name.starts_with(&step) && product.is_step(event.name));
                assert!(announced, "{}: no step of {procedure} is announced", product.model);
            }
        }
        let dms = find("opengauss_dms").expect("the first product");
        assert!(dms.is_step("failover-step.recovery") && !dms.is_step("reform.started"));
        assert!(!dms.only_looks(&["cm_ctl", "switchover"]));
    }
}
