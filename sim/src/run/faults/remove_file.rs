//! `remove-file`: a file of the product is not there any more.

use nodes::world::trace::HostId;

use super::{Begun, Effects, Inject, Injection, Scene, Shelf, hit};
use crate::run::stage::Stage;
use crate::scenario::verbs::outside::RemoveFile;

struct Removed {
    file: String,
    hosts: Vec<HostId>,
    shelf: Shelf,
    effects: Effects,
}

impl Inject for RemoveFile {
    fn begin(&self, scene: &Scene<'_>, pick: u32) -> Begun {
        let (mut hosts, mut missed) = (Vec::new(), Vec::new());
        for host in scene.stage.hosts(&self.host, pick) {
            match scene.stage.world().remove_file(host, &self.file) {
                Some(bytes) => {
                    scene.shelf.borrow_mut().insert((host, self.file.clone()), bytes);
                    hosts.push(host);
                }
                None => missed.push(host),
            }
        }
        let (gone, missed) = (scene.stage.host_names(&hosts), scene.stage.host_names(&missed));
        let (file, shelf) = (self.file.clone(), scene.shelf.clone());
        let (lost, absent) = (format!("lost its file {file}"), format!("has no file {file}"));
        let (lost_zh, absent_zh) = (format!("的文件 {file} 已删除"), format!("没有文件 {file}"));
        let effects = hit(&gone, &missed, (&lost, &absent), (&lost_zh, &absent_zh));
        Begun { targets: [gone, missed].concat(), injection: Box::new(Removed { file, hosts, shelf, effects }) }
    }
}

impl Injection for Removed {
    fn effects(&self, _: &Stage) -> Effects {
        self.effects.clone()
    }

    fn end(&mut self, stage: &Stage) {
        for host in &self.hosts {
            put_back(stage, &self.shelf, *host, &self.file);
        }
    }
}

/// Puts a removed file back; false if it was not removed.
pub(super) fn put_back(stage: &Stage, shelf: &Shelf, host: HostId, file: &str) -> bool {
    let bytes = shelf.borrow_mut().remove(&(host, file.to_owned()));
    let was_removed = bytes.is_some();
    if let Some(bytes) = bytes {
        stage.world().write_file(host, file, bytes);
    }
    was_removed
}
