//! What is on the device, as readers see it, as it should be, and as a cut would leave it at the least.

use super::content::SharedBytes;
use super::image::{Image, Unreadable, Unwritten};
use super::machine::{Device, concern};
use super::range::SectorRange;
use crate::world::time::Instant;

impl Device {
    /// What readers see in `range` at `now`, past every fault that only strikes requests.
    pub fn visible(&mut self, now: Instant, range: SectorRange) -> Result<SharedBytes, Unreadable> {
        self.settle(now);
        self.medium.image.read(range)
    }

    /// What should be in `range` at `now`, had no fault left anything wrong.
    pub fn pristine(&mut self, now: Instant, range: SectorRange) -> Result<SharedBytes, Unreadable> {
        self.pristine_image(now).read(range)
    }

    /// What readers see at `now`. Cloning an image shares its bytes.
    pub fn visible_image(&mut self, now: Instant) -> Image {
        self.settle(now);
        self.medium.image.clone()
    }

    /// What should be on the device at `now`, had no fault left anything wrong.
    pub fn pristine_image(&mut self, now: Instant) -> Image {
        self.settle(now);
        self.medium.pristine()
    }

    /// What a cut at `now` would leave if none of the writes that are not yet stable survived it.
    pub fn stable_image(&mut self, now: Instant) -> Image {
        self.settle(now);
        self.undetermined().base(&self.medium).image
    }

    /// Where readers see something else than what should be there, in order.
    pub fn damaged(&mut self, now: Instant) -> Vec<SectorRange> {
        self.settle(now);
        self.medium.expected.iter().map(|(range, _)| range).collect()
    }

    /// A device that nobody has ever written to, of the same kind.
    pub(super) fn unwritten(&self) -> Image {
        let noise = (self.options.unwritten == Unwritten::Noise).then(|| self.key.child(concern::UNWRITTEN));
        Image::empty(self.options.sector_size, noise)
    }
}
