//! The checks: what each answered, and the first bad event of those that did not hold.

use super::page::{Ink, Page, left, widest};
use crate::report::{Answer, Check, Mode, Report};

pub(super) fn write(page: &mut Page<'_>, report: &Report) {
    let text = page.text;
    page.heading(text.headings.checks, "");
    let names = widest(report.checks.iter().map(|check| check.name.as_str())).min(40);
    let modes = widest(report.checks.iter().map(|check| text.mode(check.mode)));
    let answers = widest(report.checks.iter().map(|check| text.answer(check)));
    for check in &report.checks {
        let cells = [
            left(&check.name, names, Ink::Plain),
            left(text.mode(check.mode), modes, Ink::Quiet),
            left(text.answer(check), answers, answer_ink(check)),
        ];
        page.row(&cells, &remark(page, check), Ink::Plain);
    }
}

pub(super) fn answer_ink(check: &Check) -> Ink {
    match check.answer {
        Answer::Holds => Ink::Good,
        Answer::Violated => Ink::Bad,
        Answer::CouldNotTell => Ink::Doubtful,
    }
}

/// What stands behind the answer: nothing for a promise kept, else when and why.
fn remark(page: &Page<'_>, check: &Check) -> String {
    let text = page.text;
    let evidence = check.evidence.map(|evidence| (evidence.at, evidence.event));
    let mut parts: Vec<String> = Vec::new();
    match (check.answer, check.mode, evidence) {
        (Answer::Violated, _, Some((at, event))) => parts.push((text.phrases.first_bad)(at, event)),
        (Answer::Holds, Mode::Sometimes, Some((at, event))) => parts.push((text.phrases.reached)(at, event)),
        _ => {}
    }
    if check.answer != Answer::Holds {
        parts.extend(check.explanation.first().map(|line| page.words(line).to_owned()));
    }
    let remark = parts.join(text.marks.colon);
    if check.answer == Answer::Violated && check.expected {
        return format!("{remark}{}{}{}", text.marks.open, text.verdicts.expected, text.marks.close);
    }
    remark
}
