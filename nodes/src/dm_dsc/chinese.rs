//! What the events of this product mean, in Chinese. In English an event is told by its own name.

use crate::operations::Phrase;

pub(super) const EVENTS: &[Phrase] = &[
    ("group.status", "控制 CSS 变更组状态"),
    ("css.control", "成为控制 CSS"),
    ("ep.status", "EP 状态变更"),
    ("ep.killed", "控制 CSS 向 EP 写入 Kill 命令"),
    ("ep.halted", "EP 读到 Kill 命令,退出"),
    ("vip.changed", "虚拟 IP 绑定或解绑"),
    ("link.reported", "EP 报告无法访问的其他 EP"),
    ("vote.mail-read", "EP 从镜像表决磁盘读取命令"),
    ("crash.rolled-back", "EP 已撤销故障处理"),
    ("watchdog.fired", "看门狗结束数据库进程"),
    ("database.panic", "dmserver 因日志不可用而退出"),
];
