// What the page of a run cannot do without a script: zoom, look at a moment, filter, jump.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const all = (selector) => Array.from(document.querySelectorAll(selector));
  const byId = (id) => document.getElementById(id);

  // Zoom. Places are percentages, so a wider picture is a larger scale.
  let zoom = 1;
  const zoomTo = (factor) => {
    const next = Math.min(64, Math.max(1, factor));
    for (const picture of all("svg.zoomed")) {
      const box = picture.parentElement;
      const middle = (box.scrollLeft + box.clientWidth / 2) / zoom;
      picture.setAttribute("width", `${next * 100}%`);
      box.scrollLeft = middle * next - box.clientWidth / 2;
    }
    zoom = next;
  };
  for (const button of all("[data-zoom]")) {
    button.addEventListener("click", () => zoomTo(button.dataset.zoom === "in" ? zoom * 2 : zoom / 2));
  }

  // The scale, backwards and forwards: straight between its knots.
  const between = (value, from, to) => {
    let index = data.knots.findIndex((knot) => knot[from] >= value);
    if (index < 0) index = data.knots.length - 1;
    if (index === 0) index = 1;
    const before = data.knots[index - 1];
    const after = data.knots[index];
    const length = after[from] - before[from] || 1;
    return before[to] + ((value - before[from]) * (after[to] - before[to])) / length;
  };
  const placeOf = (at) => Math.round(between(at, 0, 1));
  const momentAt = (place) => Math.round(between(place, 1, 0));

  // A moment: the cursor, what each node was, who could write, what the status command would have said.
  const range = byId("moment");
  const covers = (stretch, at) => stretch.from <= at && (stretch.until === null || at < stretch.until);
  const seconds = (at) => `${Math.floor(at / 1e9)}.${String(Math.floor((at % 1e9) / 1e6)).padStart(3, "0")}s`;
  const states = (at) =>
    data.lanes.map((lane) => {
      const now = lane.intervals.find((interval) => covers(interval, at));
      const writes = data.writers.filter((writer) => writer.node === lane.node && covers(writer, at));
      const mark = writes.length ? ` [${writes.map((writer) => writer.log).join(", ")}]` : "";
      return `${lane.node}: ${now ? now.state : "-"}${mark}`;
    });
  const look = (exactly) => {
    const place = Number(range.value);
    const at = Math.max(0, Math.min(exactly ?? momentAt(place), data.end - 1));
    range.dataset.at = String(at);
    range.setAttribute("aria-valuetext", seconds(at));
    byId("moment-shown").textContent = seconds(at);
    const cursor = byId("cursor");
    cursor.setAttribute("x1", `${place / 1e4}%`);
    cursor.setAttribute("x2", `${place / 1e4}%`);
    cursor.setAttribute("visibility", "visible");
    byId("moment-states").replaceChildren(
      ...states(at).map((text) => Object.assign(document.createElement("li"), { textContent: text })),
    );
    const status = data.status.filter((output) => output.at <= at).pop();
    byId("moment-status").hidden = !status;
    byId("moment-typed").hidden = !status;
    byId("moment-typed-at").textContent = status ? seconds(status.at) : "";
    const lines = status ? status.lines.map((line) => data.lines[line]) : [];
    byId("moment-status").textContent = status ? `$ ${status.command}\n${lines.join("\n")}` : "";
  };
  const lookAt = (at) => {
    range.value = String(placeOf(at));
    look(at);
  };
  // Moments at which something changed, for stepping from one to the next.
  const changes = [...new Set([
    ...data.lanes.flatMap((lane) => lane.intervals.map((interval) => interval.from)),
    ...data.writers.flatMap((writer) => [writer.from, writer.until ?? data.end - 1]),
    ...data.status.map((output) => output.at),
  ])].sort((one, other) => one - other);
  const shownAt = () => Number(range.dataset.at);
  for (const button of all("[data-change]")) {
    button.addEventListener("click", () => {
      const next = button.dataset.change === "next"
        ? changes.find((at) => at > shownAt())
        : changes.findLast((at) => at < shownAt());
      if (next !== undefined) lookAt(next);
    });
  }
  range.addEventListener("input", () => look());
  const timeline = byId("cursor").ownerSVGElement;
  timeline.addEventListener("click", (event) => {
    const box = timeline.getBoundingClientRect();
    range.value = String(Math.round(((event.clientX - box.left) / box.width) * 1e6));
    look();
  });

  // Filter the table of entries by words.
  const rows = all("#entries tbody tr");
  const filter = byId("filter");
  filter.addEventListener("input", () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
    }
  });

  // Jump: bring the violation into view in its scrolled picture too, and look at its moment.
  const violation = byId("first-violation");
  const jump = () => {
    if (!violation) return;
    const line = violation.querySelector("line");
    const place = parseFloat(line.getAttribute("x1")) * 1e4;
    const box = timeline.parentElement;
    box.scrollLeft = (place / 1e6) * timeline.getBoundingClientRect().width - box.clientWidth / 2;
    range.value = String(Math.round(place));
    look(Number(line.dataset.at));
    timeline.scrollIntoView({ block: "center" });
    violation.focus({ preventScroll: true });
  };
  for (const link of all('a[href="#first-violation"]')) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      jump();
    });
  }

  // Pictures that are wider than the screen begin in their middle, and a link into a closed table opens it.
  for (const box of all("[data-middle]")) box.scrollLeft = Number(box.dataset.middle) - box.clientWidth / 2;
  const open = () => {
    const target = location.hash ? byId(location.hash.slice(1)) : null;
    const closed = target?.closest("details:not([open])");
    if (closed) {
      closed.open = true;
      target.scrollIntoView({ block: "center" });
    }
  };
  window.addEventListener("hashchange", open);
  open();

  // Begin where something happens rather than at the left edge.
  lookAt(data.start);
})();
