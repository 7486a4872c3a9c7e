//! What the events of this product mean and what the phases of its logs are called, in Chinese. In English an event is
//! told by its own name.

use crate::operations::Phrase;

pub(super) const EVENTS: &[Phrase] = &[
    ("timeline.started", "升主后开始新时间线"),
    ("standby.connected", "开始向备机发送日志"),
    ("standby.lost", "与备机的日志连接断开"),
    ("stream.started", "开始接收日志"),
    ("stream.refused", "接收日志被拒绝"),
    ("wal.archived", "日志文件已归档"),
    ("archive.failed", "归档命令连续三次失败"),
    ("wal.recycled", "检查点回收日志文件"),
    ("orphan.removed", "删除没有对应日志的归档状态文件"),
    ("control.shut-down", "控制文件记为正常停库"),
    ("synchronous.waits", "主库等待同步确认的备机变更"),
    ("directory.failed", "主机上的小文件无法保存"),
    ("backup.done", "节点克隆完成"),
    ("rewind.done", "节点回退(rewind)完成"),
    ("promotion.requested", "备机收到升主命令"),
    ("recovery.finished", "恢复结束"),
    ("database.panic", "数据库因日志不可用而退出"),
    ("repmgr.event", "写入一条 repmgr.events 记录"),
    ("metadata.changed", "repmgr.nodes 元数据变更"),
    ("repmgrd.paused", "repmgrd 暂停状态变更"),
    ("repmgrd.degraded", "repmgrd 放弃上游且不做故障切换"),
    ("repmgrd.followed", "repmgrd 使本节点跟随新主"),
    ("node.attached", "节点重加入,成为另一节点的备机"),
    ("upstream.lost", "repmgrd 无法连接上游,开始探测"),
    ("upstream.down", "全部探测失败,判定上游故障"),
    ("election.held", "repmgrd 完成投票"),
    ("promotion.failed", "repmgrd 的升主命令失败"),
    ("synchronous.given-up", "repmgrd 让主库不再等待同步备"),
    ("switchover.step", "主备切换进入步骤"),
    ("switchover.ended", "主备切换结束"),
];

/// What the phases of the log of repmgrd are called.
pub(super) const PHASES: &[Phrase] = &[
    ("monitoring", "监控"),
    ("failover", "故障切换"),
    ("watches", "监控中"),
    ("probes", "探测上游"),
    ("decides", "决策"),
    ("waits for the winner", "等待胜出节点"),
    ("promotes", "升主"),
    ("notifies", "通知其他节点"),
    ("follows", "跟随新主"),
    ("gives up", "放弃"),
];
