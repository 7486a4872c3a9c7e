//! The pages in a real browser: nothing is fetched, nothing complains, jumping, scrubbing and both languages work, and
//! nothing is wider than the screen of a desk or of a telephone.
//!
//! Driven through WebDriver by the chromedriver that Debian ships with Chromium. Where there is none the tests say so
//! and check nothing; with SIMRUN_REQUIRE_BROWSER=1 that is a failure.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine;
use serde_json::{Value, json};

/// An incident of each product, as its drill.
const INCIDENTS: [&str; 5] = [
    "switchover_fail",
    "polardb/promote_without_guard_loses_log",
    "kingbase/switchover_refused",
    "opengauss_ha/need_repair",
    "dm_dsc/kill_and_rejoin",
];
/// A drill that shows a violation, to jump to.
const VIOLATION: &str = "opengauss_dms/primary_cut_and_kick_without_preempt";

/// Two seeds make a distribution.
const SEEDS: &str = "1..2";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("browser")
}

fn simrun(arguments: &[&str]) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_simrun"));
    let output = command.current_dir(root()).args(arguments).args(["--out"]).arg(folder()).output().expect("it runs");
    let code = output.status.code();
    assert!(matches!(code, Some(0 | 3)), "{arguments:?}: {code:?} {}", String::from_utf8_lossy(&output.stderr));
}

/// The page of the first seed of a drill.
fn page_of(drill: &str) -> PathBuf {
    simrun(&["run", &format!("scenarios/{drill}.toml"), "--seed", "1"]);
    folder().join(drill).join("seed-1").join("report.html")
}

/// chromedriver, and a browser in it.
struct Browser {
    driver: Child,
    agent: ureq::Agent,
    session: String,
}

impl Browser {
    /// Starts a browser; nothing if none is installed and none is required.
    fn start() -> Option<Browser> {
        let driver = Command::new("chromedriver").arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut driver = match driver {
            Ok(driver) => driver,
            Err(error) => {
                let required = std::env::var("SIMRUN_REQUIRE_BROWSER").is_ok_and(|value| value == "1");
                assert!(!required, "SIMRUN_REQUIRE_BROWSER=1 and chromedriver does not start: {error}");
                eprintln!(
                    "SKIPPED: no browser: chromedriver does not start ({error}); apt-get install chromium-driver"
                );
                return None;
            }
        };
        let lines = BufReader::new(driver.stdout.take().expect("its output")).lines();
        let port = lines.map_while(Result::ok).find_map(|line| {
            let (_, port) = line.split_once("started successfully on port ")?;
            port.trim_end_matches('.').parse::<u16>().ok()
        });
        let address = format!("http://127.0.0.1:{}", port.expect("chromedriver says its port"));
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(120)))
            .http_status_as_error(false)
            .proxy(None)
            .build();
        let agent: ureq::Agent = config.into();
        let profile = folder().join(format!("profile-{}", driver.id()));
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ];
        let mut arguments: Vec<String> = arguments.map(str::to_owned).into();
        arguments.push(format!("--user-data-dir={}", profile.display()));
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": { "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
        } } });
        let answer = post(&agent, &format!("{address}/session"), &wanted);
        let id = answer["sessionId"].as_str().unwrap_or_else(|| panic!("no session: {answer}")).to_owned();
        Some(Browser { driver, agent, session: format!("{address}/session/{id}") })
    }

    fn tell(&self, what: &str, with: &Value) -> Value {
        post(&self.agent, &format!("{}/{what}", self.session), with)
    }

    /// Runs a script in the page; what it returns.
    fn ask(&self, script: &str) -> Value {
        self.tell("execute/sync", &json!({ "script": script, "args": [] }))
    }

    fn is_true(&self, script: &str) -> bool {
        self.ask(&format!("return Boolean({script});")) == Value::Bool(true)
    }

    fn width(&self, width: u32, height: u32) {
        let params = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.tell("goog/cdp/execute", &json!({ "cmd": "Emulation.setDeviceMetricsOverride", "params": params }));
    }

    fn open(&self, page: &Path) {
        let page = page.canonicalize().unwrap_or_else(|error| panic!("{}: {error}", page.display()));
        self.tell("url", &json!({ "url": format!("file://{}", page.display()) }));
    }

    /// What the page complained about, and what it asked for beside itself. What the browser fetches for itself, its
    /// own first page above all, is none of it.
    fn complaints(&self) -> Vec<String> {
        let log = |kind: &str| {
            let entries = self.tell("se/log", &json!({ "type": kind }));
            let messages = entries.as_array().cloned().unwrap_or_default();
            messages.into_iter().filter_map(|entry| entry["message"].as_str().map(str::to_owned)).collect::<Vec<_>>()
        };
        let mut complaints = log("browser");
        for entry in log("performance") {
            let event: Value = serde_json::from_str(&entry).unwrap_or_default();
            let event = &event["message"];
            let url = event["params"]["request"]["url"].as_str().unwrap_or_default();
            let page = event["params"]["documentURL"].as_str().unwrap_or_default();
            let of_a_page = event["method"] == "Network.requestWillBeSent" && page.starts_with("file://");
            if of_a_page && url.split('#').next() != page.split('#').next() {
                complaints.push(format!("{page} asked for {url}"));
            }
        }
        complaints
    }

    /// Keeps what the screen shows; a page that shows nothing has no picture to speak of.
    fn picture(&self, name: &str) {
        let answer = self.agent.get(format!("{}/screenshot", self.session)).call().expect("an answer");
        let answer: Value = answer.into_body().read_json().expect("JSON");
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(answer["value"].as_str().expect("a picture"))
            .expect("base64");
        assert!(bytes.starts_with(b"\x89PNG") && bytes.len() > 8_000, "{name}: {} bytes", bytes.len());
        let file = folder().join(format!("{}.png", name.replace('/', "-")));
        std::fs::write(file, bytes).expect("the picture is written");
    }

    /// Both languages, at the width of a desk and of a telephone; nothing is wider than the screen.
    fn looks_well(&self, page: &Path, name: &str) {
        for (screen, width, height) in [("desk", 1_280, 900), ("telephone", 390, 844)] {
            self.width(width, height);
            self.open(page);
            for language in ["english", "chinese"] {
                self.ask(&format!("document.querySelector('[data-show={language}]').click();"));
                let other = if language == "english" { ".zh" } else { ".en" };
                assert!(
                    self.is_true(&format!(
                        "document.documentElement.dataset.language === '{language}' && \
                         [...document.querySelectorAll('{other}')].every(it => it.getClientRects().length === 0)"
                    )),
                    "{name} {screen}: {language} is not the only language shown"
                );
                let wide = self.ask("return document.documentElement.scrollWidth;").as_u64();
                assert!(wide <= Some(width.into()), "{name} {screen} {language} overflows: {wide:?} of {width}");
                self.picture(&format!("{name}-{screen}-{language}"));
            }
        }
        assert_eq!(self.complaints(), Vec::<String>::new(), "{name}");
    }

    /// Moving through the run shows states and the status command's output of more than one moment.
    fn scrubs(&self, name: &str) {
        let seen = self.ask(
            "const range = document.getElementById('moment'); const seen = [];
             for (let place = 0; place <= 1000000; place += 50000) {
               range.value = String(place); range.dispatchEvent(new Event('input'));
               seen.push([document.getElementById('moment-shown').textContent,
                 document.querySelectorAll('#moment-states li').length,
                 document.getElementById('moment-states').textContent,
                 document.getElementById('moment-status').textContent]);
             }
             return seen;",
        );
        let seen = seen.as_array().expect("moments");
        let distinct = |column: usize| {
            let mut texts: Vec<&str> = seen.iter().filter_map(|moment| moment[column].as_str()).collect();
            texts.sort_unstable();
            texts.dedup();
            texts.len()
        };
        assert!(distinct(0) > 10, "{name}: the moment does not move: {seen:?}");
        assert!(seen.iter().all(|moment| moment[1].as_u64() > Some(1)), "{name}: a node's state is missing");
        assert!(distinct(2) > 1 && distinct(3) > 1, "{name}: nothing changes: {seen:?}");
        let last = seen.last().and_then(|moment| moment[3].as_str()).unwrap_or_default();
        assert!(last.starts_with("$ ") && last.lines().count() > 1, "{name}: no status output: {last}");
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.agent.delete(&self.session).call();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

fn post(agent: &ureq::Agent, url: &str, with: &Value) -> Value {
    let answer = agent.post(url).send_json(with).unwrap_or_else(|error| panic!("{url}: {error}"));
    let mut answer: Value = answer.into_body().read_json().unwrap_or_else(|error| panic!("{url}: {error}"));
    let value = answer["value"].take();
    assert!(value.get("error").is_none(), "{url}: {value}");
    value
}

#[test]
fn the_page_of_each_incident_works_in_a_browser() {
    let Some(browser) = Browser::start() else { return };
    for drill in INCIDENTS {
        let page = page_of(drill);
        let size = std::fs::metadata(&page).expect("the page").len();
        assert!(size < 2_000_000, "{drill}: {size} bytes");
        browser.looks_well(&page, drill);
        browser.scrubs(drill);
        assert_eq!(browser.complaints(), Vec::<String>::new(), "{drill}");
    }
}

#[test]
fn one_can_jump_to_the_first_violation() {
    let Some(browser) = Browser::start() else { return };
    browser.width(1_280, 900);
    browser.open(&page_of(VIOLATION));
    browser.ask("window.scrollTo(0, 0); document.querySelector('a.jump').click();");
    let shown = "(() => { const line = document.querySelector('#first-violation line').getBoundingClientRect();
        return line.top < innerHeight && line.bottom > 0 && line.left >= 0 && line.right <= innerWidth; })()";
    assert!(browser.is_true(shown), "the violation is not in view");
    let there = "document.activeElement.id === 'first-violation' && \
        Number(document.getElementById('moment').dataset.at) === \
        Number(document.querySelector('#first-violation line').dataset.at)";
    assert!(browser.is_true(there), "the violation's moment is not shown");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn the_plan_and_the_rehearsal_of_each_incident_work_in_a_browser() {
    let Some(browser) = Browser::start() else { return };
    for drill in INCIDENTS {
        simrun(&["rehearse", &format!("scenarios/{drill}.toml"), "--seeds", SEEDS]);
        for paper in ["plan", "rehearsal"] {
            let page = folder().join(drill).join(format!("{paper}.html"));
            browser.looks_well(&page, &format!("{drill}-{paper}"));
        }
    }
}
