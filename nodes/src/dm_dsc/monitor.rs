//! dmcssm: the monitor and operator's console. It asks one CSS after the other until the control CSS answers.

use std::rc::Rc;
use std::time::Duration;

use crate::parts::shell::Terminal;
use crate::product::{ArgumentKind, CommandWord, PositionalWord};

use super::css::{CssReply, CssRequest};
use super::plan::{Configuration, Shared};
use super::words::{GroupKind, Seqno};

/// How long the monitor waits for a CSS.
const WAIT: Duration = Duration::from_secs(60);

const fn argument(name: &'static str, required: bool) -> PositionalWord {
    PositionalWord { name, kind: ArgumentKind::Text, required, repeated: false }
}

const fn command(
    words: &'static [&'static str],
    positionals: &'static [PositionalWord],
    doc: &'static str,
) -> CommandWord {
    CommandWord { program: "dmcssm", words, options: &[], positionals, doc }
}

const fn console(
    words: &'static [&'static str],
    positionals: &'static [PositionalWord],
    doc: &'static str,
) -> CommandWord {
    CommandWord { program: "dmcss", words, options: &[], positionals, doc }
}

const fn one_of(name: &'static str, words: &'static [&'static str]) -> PositionalWord {
    PositionalWord { name, kind: ArgumentKind::OneOf(words), required: true, repeated: false }
}

const AUTO_RESTART: &[PositionalWord] = &[
    argument("GROUP", true),
    one_of("auto", &["auto"]),
    one_of("restart", &["restart"]),
    one_of("on|off", &["on", "off"]),
];
const ONE_GROUP: &[PositionalWord] = &[argument("GROUP", true)];
const GROUP_OR_EP: &[PositionalWord] = &[argument("GROUP[.EP]", true)];
const ONE_EP: &[PositionalWord] = &[argument("GROUP.EP", true)];

/// What an operator can type.
pub(super) const COMMANDS: &[CommandWord] = &[
    command(&["show"], &[argument("GROUP", false)], "Shows the state of a group, or of all."),
    command(&["ep", "startup"], GROUP_OR_EP, "Starts an EP, or all of a group."),
    command(&["ep", "stop"], GROUP_OR_EP, "Stops an EP in order, or all of a group; switches auto restart off."),
    command(&["ep", "halt"], ONE_EP, "Kills an EP; it counts as dead at once."),
    command(&["ep", "crash"], ONE_EP, "Declares an EP dead without waiting for DCR_GRP_DSKCHK_CNT."),
    command(&["open", "force"], ONE_GROUP, "Opens a group without the EPs that are absent."),
    command(&["set"], AUTO_RESTART, "Switches automatic restart of a group on or off, in memory only."),
    command(&["show", "config"], &[], "Shows what the registry was set up with."),
    command(&["show", "monitor"], &[], "Shows the monitors that are connected."),
    command(&["check", "crash", "over"], ONE_GROUP, "Shows whether the last crash of a group is truly over."),
    console(&["show"], &[argument("GROUP", false)], "On the console of a CSS: shows the state of a group, or of all."),
    console(&["set", "master", "force"], &[], "On the console of a CSS: makes it the control CSS."),
    console(&["halt", "css"], &[argument("SEQNO", true)], "On the console of a CSS: ends a CSS."),
];

/// The program of the console of a dmcss: it speaks with the CSS of its own host only.
pub(super) async fn dmcss_console(terminal: Terminal, words: Vec<String>, plan: Shared) -> i32 {
    let words: Vec<&str> = words.iter().skip(1).map(String::as_str).collect();
    let request = match words[..] {
        ["show"] => Some(CssRequest::Show(None)),
        ["show", group] => group_named(group).map(|kind| CssRequest::Show(Some(kind))),
        ["set", "master", "force"] => Some(CssRequest::SetMasterForce),
        ["halt", "css", seqno] => {
            let named = |ep: &Seqno| plan.members().contains(ep);
            seqno.parse().ok().filter(named).map(CssRequest::HaltCss)
        }
        _ => None,
    };
    let here = plan.nodes().iter().position(|node| node.host == terminal.process().host());
    let (Some(request), Some(css)) = (request, here) else {
        terminal.print("unknown command, or no such group or CSS, or no CSS on this host");
        return 1;
    };
    match terminal.process().call(plan.css(css as Seqno), request, WAIT).await {
        Ok(CssReply::Done(lines)) => {
            lines.iter().for_each(|line| terminal.print(line.as_str()));
            0
        }
        Ok(CssReply::Refused(why)) => {
            terminal.print(why);
            1
        }
        Ok(CssReply::NotControl) => {
            terminal.print(format!("CSS{css} is not the control node"));
            1
        }
        Err(error) => {
            terminal.print(format!("CSS{css}: {error}"));
            1
        }
    }
}

/// The program of a monitor.
pub(super) async fn dmcssm(terminal: Terminal, words: Vec<String>, plan: Shared) -> i32 {
    let words: Vec<&str> = words.iter().skip(1).map(String::as_str).collect();
    let Some(request) = parse(&words, &plan) else {
        terminal.print("unknown command, or no such group or EP");
        return 1;
    };
    if let CssRequest::AutoRestart(..) = request {
        return tell_everybody(&terminal, request, &plan).await;
    }
    for css in plan.members() {
        match terminal.process().call(plan.css(css), request, WAIT).await {
            Ok(CssReply::Done(lines)) => {
                lines.iter().for_each(|line| terminal.print(line.as_str()));
                return 0;
            }
            Ok(CssReply::Refused(why)) => {
                terminal.print(why);
                return 1;
            }
            Ok(CssReply::NotControl) => {}
            Err(error) => terminal.print(format!("CSS{css}: {error}")),
        }
    }
    terminal.print("no control CSS answers");
    1
}

async fn tell_everybody(terminal: &Terminal, request: CssRequest, plan: &Rc<Configuration>) -> i32 {
    let mut code = 0;
    for css in plan.members() {
        match terminal.process().call::<CssReply>(plan.css(css), request, WAIT).await {
            Ok(CssReply::Done(lines)) => lines.iter().for_each(|line| terminal.print(line.as_str())),
            Ok(_) => {}
            Err(error) => {
                terminal.print(format!("CSS{css}: {error}"));
                code = 1;
            }
        }
    }
    code
}

fn parse(words: &[&str], plan: &Configuration) -> Option<CssRequest> {
    Some(match words {
        ["show"] => CssRequest::Show(None),
        ["show", "config"] => CssRequest::ShowConfig,
        ["show", "monitor"] => CssRequest::ShowMonitor,
        ["show", group] => CssRequest::Show(Some(group_named(group)?)),
        ["check", "crash", "over", group] => CssRequest::CrashOver(below_css(group_named(group)?)?),
        ["ep", "startup", name] => {
            let (kind, ep) = group_and_ep(name, plan)?;
            CssRequest::Startup(below_css(kind)?, ep)
        }
        ["ep", "stop", name] => {
            let (kind, ep) = group_and_ep(name, plan)?;
            CssRequest::Stop(below_css(kind)?, ep)
        }
        ["ep", "halt", name] => {
            let (kind, ep) = group_and_ep(name, plan)?;
            CssRequest::Halt(kind, ep?)
        }
        ["ep", "crash", name] => {
            let (kind, ep) = group_and_ep(name, plan)?;
            CssRequest::Crash(below_css(kind)?, ep?)
        }
        ["open", "force", group] => CssRequest::OpenForce(below_css(group_named(group)?)?),
        ["set", group, "auto", "restart", turn @ ("on" | "off")] => {
            CssRequest::AutoRestart(below_css(group_named(group)?)?, *turn == "on")
        }
        _ => return None,
    })
}

/// A CSS is neither started nor stopped from the monitor.
fn below_css(kind: GroupKind) -> Option<GroupKind> {
    (kind != GroupKind::Css).then_some(kind)
}

fn group_named(name: &str) -> Option<GroupKind> {
    GroupKind::ALL.into_iter().find(|kind| kind.group_name().eq_ignore_ascii_case(name))
}

fn group_and_ep(name: &str, plan: &Configuration) -> Option<(GroupKind, Option<Seqno>)> {
    let Some((group, ep)) = name.split_once('.') else { return Some((group_named(name)?, None)) };
    let kind = group_named(group)?;
    let ep = plan.members().into_iter().find(|seqno| kind.ep_name(*seqno).eq_ignore_ascii_case(ep))?;
    Some((kind, Some(ep)))
}
