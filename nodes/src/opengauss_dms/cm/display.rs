//! What `cm_ctl query` prints: its blocks, in order, in the columns of the real program.
//!
//! Source: `CM: src/cm_ctl/ctl_query.cpp`, `ctl_query_base.cpp`; the datanode block is checked against the output in
//! the openGauss incident document on a switchover that failed after the lock had moved.

use std::fmt::Write;

use super::messages::{ClusterView, DatabaseView};
use crate::opengauss_dms::messages::{Health, Resource, StatusList};

/// Which columns and blocks are wanted (`-C -v -i -p -d -w`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// `-C`: the blocks of a cluster with paired columns.
    pub coupled: bool,
    /// `-v`: every instance.
    pub verbose: bool,
    /// `-i`: addresses.
    pub addresses: bool,
    /// `-p`: ports.
    pub ports: bool,
    /// `-d`: data directories.
    pub directories: bool,
    /// `-w`: one datanode on each line.
    pub one_per_line: bool,
}

/// A node, as the static configuration has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeLine {
    /// Its name.
    pub name: String,
    /// Its address.
    pub address: String,
    /// Where CM is.
    pub cm_directory: String,
    /// Where the data is.
    pub data_directory: String,
    /// The port of the database.
    pub port: u16,
    /// Whether its static role is P.
    pub static_primary: bool,
}

/// Everything the command shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Screen<'a> {
    /// The nodes.
    pub nodes: &'a [NodeLine],
    /// The state of each cm_server: Primary, Standby, Down.
    pub servers: &'a [&'static str],
    /// The rest.
    pub view: &'a ClusterView,
}

/// The role and the state of a datanode, in the words of the product.
pub fn role_and_state(view: Option<DatabaseView>) -> (&'static str, &'static str) {
    match view {
        None => ("Down", "Unknown"),
        Some(DatabaseView::Starting | DatabaseView::Silent) => ("Down", "Starting"),
        Some(DatabaseView::ManuallyStopped) => ("Down", "Manually stopped"),
        Some(DatabaseView::Answers { role, state }) => (role, state),
    }
}

/// Normal, Degraded or Unavailable.
pub fn cluster_state(view: &ClusterView) -> &'static str {
    let shown: Vec<_> = view.databases.iter().map(|database| role_and_state(*database)).collect();
    let primaries = shown.iter().filter(|shown| **shown == ("Primary", "Normal")).count();
    let standbys = shown.iter().filter(|shown| **shown == ("Standby", "Normal")).count();
    match primaries {
        1 if primaries + standbys == shown.len() => "Normal",
        1 => "Degraded",
        _ => "Unavailable",
    }
}

impl Screen<'_> {
    /// The text.
    pub fn text(&self, flags: Flags) -> String {
        let mut text = String::new();
        if flags.coupled && flags.verbose {
            self.server_block(&mut text, flags);
            self.resource_block(&mut text, flags);
        }
        self.cluster_block(&mut text);
        if flags.verbose {
            self.datanode_block(&mut text, flags);
        }
        text
    }

    fn node_width(&self) -> usize {
        2 + 1 + self.widest(|node| &node.name) + 1
    }

    fn address_width(&self) -> usize {
        self.widest(|node| &node.address).max(15) + 1
    }

    fn widest(&self, text: impl Fn(&NodeLine) -> &String) -> usize {
        self.nodes.iter().map(|node| text(node).len()).max().unwrap_or(0)
    }

    /// `1  dn1 192.168.0.1     `
    fn node_columns(&self, text: &mut String, index: usize, flags: Flags) {
        let node = &self.nodes[index];
        let _ = write!(text, "{:<2} {:<width$} ", index + 1, node.name, width = self.widest(|node| &node.name));
        if flags.addresses {
            let _ = write!(text, "{:<width$}", node.address, width = self.address_width());
        }
    }

    fn node_header(&self, text: &mut String, flags: Flags) {
        let _ = write!(text, "{:<width$}", "node", width = self.node_width());
        if flags.addresses {
            let _ = write!(text, "{:<width$}", "node_ip", width = self.address_width());
        }
    }

    fn left_width(&self, flags: Flags) -> usize {
        self.node_width() + if flags.addresses { self.address_width() } else { 0 }
    }

    fn server_block(&self, text: &mut String, flags: Flags) {
        let path_width = self.widest(|node| &node.cm_directory) + 10;
        let instance_width = 4 + 1 + if flags.directories { path_width + 1 } else { 4 };
        text.push_str("[  CMServer State   ]\n\n");
        self.node_header(text, flags);
        let _ = writeln!(text, "{:<instance_width$}state", "instance");
        rule(text, self.left_width(flags) + instance_width + 7);
        for (index, state) in self.servers.iter().enumerate() {
            self.node_columns(text, index, flags);
            let _ = write!(text, "{:<4} ", index + 1);
            if flags.directories {
                let path = format!("{}/cm_server", self.nodes[index].cm_directory);
                let _ = write!(text, "{path:<path_width$} ");
            } else {
                text.push_str("    ");
            }
            let _ = writeln!(text, "{state}");
        }
        text.push('\n');
    }

    fn resource_block(&self, text: &mut String, flags: Flags) {
        const NAME_WIDTH: usize = 9;
        const INSTANCE_WIDTH: usize = 10;
        const STATE_WIDTH: usize = 7;
        text.push_str("\n[ Defined Resource State ]\n\n");
        self.node_header(text, flags);
        let _ = writeln!(text, "{:<NAME_WIDTH$}{:<INSTANCE_WIDTH$}{:<STATE_WIDTH$}", "res_name", "instance", "state");
        rule(text, self.left_width(flags) + NAME_WIDTH + INSTANCE_WIDTH + STATE_WIDTH);
        for (resource, list) in [Resource::Dms, Resource::Dss].into_iter().zip(&self.view.resources) {
            self.resource_lines(text, flags, resource, list);
        }
        text.push('\n');
    }

    fn resource_lines(&self, text: &mut String, flags: Flags, resource: Resource, list: &StatusList) {
        for (instance, health, member) in &list.instances {
            let state = match (member, health) {
                (false, _) => "Deleted",
                (true, Health::Online) => "OnLine",
                (true, Health::Offline) => "OffLine",
                (true, Health::Unknown) => "Unknown",
            };
            self.node_columns(text, *instance as usize, flags);
            let number = resource.cm_instance(*instance);
            let _ = writeln!(text, "{:<9}{number:<10}{state:<7}", resource.name());
        }
    }

    fn cluster_block(&self, text: &mut String) {
        let is_primary = |index: usize| role_and_state(self.view.databases[index]).0 == "Primary";
        let balanced = self.nodes.iter().enumerate().all(|(index, node)| node.static_primary == is_primary(index));
        text.push_str("[   Cluster State   ]\n\n");
        let _ = writeln!(text, "cluster_state   : {}", cluster_state(self.view));
        let _ = writeln!(text, "redistributing  : No");
        let _ = writeln!(text, "balanced        : {}", if balanced { "Yes" } else { "No" });
        let _ = writeln!(text, "current_az      : AZ_ALL");
        if self.view.pausing {
            let _ = writeln!(text, "pausing         : Yes");
        }
    }

    fn datanode_block(&self, text: &mut String, flags: Flags) {
        const STATE_WIDTH: usize = 17;
        let path_width = self.widest(|node| &node.data_directory);
        let instance_width =
            4 + 1 + if flags.directories { path_width + 1 } else { 4 } + if flags.ports { 7 } else { 0 };
        text.push_str("\n[  Datanode State   ]\n\n");
        let columns = if flags.one_per_line { 1 } else { self.nodes.len() };
        for column in 1..=columns {
            self.node_header(text, flags);
            let _ = write!(text, "{:<instance_width$}", "instance");
            text.push_str(if column == columns { "state\n" } else { "state            | " });
        }
        rule(text, columns * (self.left_width(flags) + instance_width + STATE_WIDTH + 2));
        for index in 0..self.nodes.len() {
            self.datanode(text, index, flags, path_width);
            let last = flags.one_per_line || index + 1 == self.nodes.len();
            text.push_str(if last { "\n" } else { " | " });
        }
    }

    fn datanode(&self, text: &mut String, index: usize, flags: Flags, path_width: usize) {
        let node = &self.nodes[index];
        self.node_columns(text, index, flags);
        let _ = write!(text, "{} ", Resource::Dms.cm_instance(index as u32));
        if flags.ports {
            let _ = write!(text, "{:<6} ", node.port);
        }
        if flags.directories {
            let _ = write!(text, "{:<path_width$} ", node.data_directory);
        } else {
            text.push_str("    ");
        }
        let (role, state) = role_and_state(self.view.databases[index]);
        let _ = write!(text, "{} {role:<7} {state}", if node.static_primary { 'P' } else { 'S' });
    }
}

fn rule(text: &mut String, length: usize) {
    text.extend(std::iter::repeat_n('-', length));
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes() -> Vec<NodeLine> {
        ["111", "135", "137"]
            .into_iter()
            .enumerate()
            .map(|(index, number)| NodeLine {
                name: format!("openGauss{number}"),
                address: format!("xx.xx.xx.{number}"),
                cm_directory: "/usr3/xxxxxxxx/openGauss/cm".to_owned(),
                data_directory: "/usr3/xxxxxxxx/openGauss/cluster/dn1".to_owned(),
                port: 12703,
                static_primary: index == 0,
            })
            .collect()
    }

    fn answers(role: &'static str, state: &'static str) -> Option<DatabaseView> {
        Some(DatabaseView::Answers { role, state })
    }

    fn view(databases: [Option<DatabaseView>; 3]) -> ClusterView {
        let list = StatusList { version: 1, instances: (0..3).map(|node| (node, Health::Online, node != 1)).collect() };
        ClusterView { databases: databases.to_vec(), resources: [list.clone(), list], pausing: false }
    }

    fn screen(view: &ClusterView, flags: &str) -> String {
        let flags = Flags {
            coupled: flags.contains('C'),
            verbose: flags.contains('v'),
            addresses: flags.contains('i'),
            ports: flags.contains('p'),
            directories: flags.contains('d'),
            one_per_line: flags.contains('w'),
        };
        Screen { nodes: &nodes(), servers: &["Primary", "Standby", "Down"], view }.text(flags)
    }

    #[test]
    fn the_datanode_block_is_that_of_the_incident() {
        let starting = Some(DatabaseView::Starting);
        let text = screen(&view([starting, answers("Standby", "Starting"), answers("Standby", "Starting")]), "Cvipd");
        let block: Vec<&str> = text.lines().skip_while(|line| *line != "[  Datanode State   ]").collect();
        let header =
            "node            node_ip         instance                                         state            ";
        assert_eq!(block[2], format!("{header}| {header}| {}", header.trim_end()));
        assert_eq!(block[2].len(), 286);
        assert_eq!(block[3], "-".repeat(300));
        assert_eq!(
            block[4],
            "1  openGauss111 xx.xx.xx.111    6001 12703  /usr3/xxxxxxxx/openGauss/cluster/dn1 P Down    Starting | \
             2  openGauss135 xx.xx.xx.135    6002 12703  /usr3/xxxxxxxx/openGauss/cluster/dn1 S Standby Starting | \
             3  openGauss137 xx.xx.xx.137    6003 12703  /usr3/xxxxxxxx/openGauss/cluster/dn1 S Standby Starting"
        );
    }

    #[test]
    fn the_blocks_come_in_order() {
        let text = screen(&view([answers("Primary", "Normal"), answers("Standby", "Normal"), None]), "Cv");
        let titles: Vec<&str> = text.lines().filter(|line| line.starts_with('[')).collect();
        let expected =
            ["[  CMServer State   ]", "[ Defined Resource State ]", "[   Cluster State   ]", "[  Datanode State   ]"];
        assert_eq!(titles, expected);
        assert!(text.contains("cluster_state   : Degraded\n"), "{text}");
        assert!(text.contains("3  openGauss137 6003     S Down    Unknown\n"), "{text}");
    }

    #[test]
    fn one_node_a_line_with_w() {
        let text = screen(&view([None, None, Some(DatabaseView::ManuallyStopped)]), "Cvw");
        assert!(text.contains("\n3  openGauss137 6003     S Down    Manually stopped\n"), "{text}");
        assert!(!text.contains(" | "));
    }

    #[test]
    fn a_resource_that_is_no_member_is_deleted() {
        let text = screen(&view([None; 3]), "Cvi");
        assert!(text.contains("2  openGauss135 xx.xx.xx.135    dms_res  6002      Deleted\n"), "{text}");
        assert!(text.contains("3  openGauss137 xx.xx.xx.137    dss      20003     OnLine \n"), "{text}");
    }

    #[test]
    fn the_cluster_is_balanced_while_the_static_primary_is_primary() {
        let primary = answers("Primary", "Normal");
        let standby = answers("Standby", "Normal");
        assert!(screen(&view([primary, standby, standby]), "C").contains("balanced        : Yes"));
        let switched = screen(&view([standby, primary, standby]), "C");
        assert!(switched.contains("balanced        : No") && switched.contains("cluster_state   : Normal"));
    }
}
