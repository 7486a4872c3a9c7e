//! What a check can ask of a fault: whether it was noticed, whether it was mended, whether the cluster lived through it.
//!
//! A drill in which a product survives a fault ends as it would have ended without it. What tells the two apart is
//! that the fault struck and that somebody met it, and only whoever does the damage (a device, a link) knows that.

/// One of the three questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultCount {
    /// Somebody met what the fault did: an error, a delay, other bytes, a message that did not come.
    Observed,
    /// What the fault had damaged was written over with what should be there.
    Repaired,
    /// The fault struck, and no node changed its role or state, nor did writes stay away.
    Survived,
}

/// A question as it is written and told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultCountWord {
    /// What stands behind the fault's name and a dot.
    pub name: &'static str,
    /// The question.
    pub count: FaultCount,
    /// The key of the check it goes with.
    pub mode: &'static str,
    /// What a check of it promises.
    pub promise: &'static str,
    /// The same in Chinese.
    pub promise_zh: &'static str,
}

impl FaultCount {
    /// Every question.
    pub const WORDS: [FaultCountWord; 3] = [
        FaultCountWord {
            name: "observed",
            count: FaultCount::Observed,
            mode: "sometimes",
            promise: "Somebody met what the fault did: an error, a delay, other bytes, a message that did not come.",
            promise_zh: "故障的后果至少被察觉一次:报错、延迟、读到错误内容或报文未到。",
        },
        FaultCountWord {
            name: "repaired",
            count: FaultCount::Repaired,
            mode: "sometimes",
            promise: "What the fault had damaged was written over with what should be there.",
            promise_zh: "故障造成的损坏至少有一处被正确内容覆盖。",
        },
        FaultCountWord {
            name: "survived",
            count: FaultCount::Survived,
            mode: "always",
            promise: "The fault struck, every node kept its role and state to the end, and clients went on writing.",
            promise_zh: "故障确实发生,所有节点的角色与状态保持到最后,客户端持续写入。",
        },
    ];

    /// The question called `name`.
    pub fn find(name: &str) -> Option<&'static FaultCountWord> {
        Self::WORDS.iter().find(|word| word.name == name)
    }

    /// How it is written and told.
    pub fn word(self) -> &'static FaultCountWord {
        &Self::WORDS[self as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_in_the_order_of_what_they_ask() {
        for word in &FaultCount::WORDS {
            assert_eq!(word.count.word(), word);
            assert_eq!(FaultCount::find(word.name), Some(word));
        }
        assert_eq!(FaultCount::find("fired"), None);
    }
}
