//! `restore-file`: a removed file is there again.

use nodes::world::trace::HostId;

use super::remove_file::put_back;
use super::{Begun, Inject, Scene, hit};
use crate::scenario::verbs::outside::RestoreFile;

impl Inject for RestoreFile {
    fn begin(&self, scene: &Scene<'_>, pick: u32) -> Begun {
        let meant = scene.stage.hosts(&self.host, pick);
        let (back, missed): (Vec<HostId>, Vec<HostId>) =
            meant.into_iter().partition(|host| put_back(scene.stage, scene.shelf, *host, &self.file));
        let (back, missed) = (scene.stage.host_names(&back), scene.stage.host_names(&missed));
        let english = (format!("has its file {} again", self.file), format!("had not lost its file {}", self.file));
        let chinese = (format!("的文件 {} 已恢复", self.file), format!("的文件 {} 未被删除", self.file));
        let effects = hit(&back, &missed, (&english.0, &english.1), (&chinese.0, &chinese.1));
        Begun::done([back, missed].concat(), effects)
    }
}
