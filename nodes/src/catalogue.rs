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

/// The native logs of a product that can be held against its model; none for most products.
pub fn logs(model: &str) -> &'static [LogKind] {
    match model {
        "opengauss_dms" => opengauss_dms::grammar::LOGS,
        "dm_dsc" => dm_dsc::grammar::LOGS,
        "kingbase" => kingbase::grammar::LOGS,
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
            for line in product.looking {
                let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
                let chosen = words.iter().position(|word| word.starts_with('-')).unwrap_or(words.len());
                let command = product.command(&words[0], &words[1..chosen]);
                let command = command.unwrap_or_else(|| panic!("{}: `{line}` is no command", product.model));
                assert!(product.only_looks(command, &words));
                assert_eq!(product.only_looks(command, &words[..chosen]), chosen == words.len(), "the option chooses");
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
        let switchover = dms.command("cm_ctl", &["switchover".to_owned()]).expect("a command");
        assert!(!dms.only_looks(switchover, &["cm_ctl".to_owned(), "switchover".to_owned()]));
    }
}
