// Runs after everything else: does what a reader does, and leaves what it saw in the page.
(async () => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const pause = () => new Promise((done) => setTimeout(done, 50));
  const column = (i) => all("tr.entry").map(
    (row) => row.cells[i].dataset.sort ?? row.cells[i].textContent.trim());
  const sorted = (i) => {
    const head = document.querySelector("#ranked").tHead.rows[0].cells[i];
    head.querySelector("button").click();
    return [head.getAttribute("aria-sort"), column(i)];
  };
  const seen = {};
  try {
    seen.rank = column(0);
    seen.stake = [sorted(6), sorted(6)];
    seen.account = sorted(1);
    const open = all("tr.entry .open")[0];
    seen.account_opened = all("tr.entry")[0].cells[1].textContent;
    open.focus();
    // A button that has the focus takes Enter and Space by itself.
    seen.focused = document.activeElement === open && open.tagName === "BUTTON" && open.tabIndex === 0;
    open.click();
    seen.expanded = open.getAttribute("aria-expanded");
    const detail = document.getElementById(open.getAttribute("aria-controls"));
    seen.follows = detail.previousElementSibling === open.closest("tr");
    seen.findings = all(".finding", detail).map((card) => ({
      id: card.querySelector("header code").textContent,
      rows: [...card.querySelector("table").tBodies[0].rows].map((row) => [...row.cells].map((cell) => cell.textContent)),
    }));
    seen.sorted_while_open = sorted(5)[0];
    seen.stays_below = detail.previousElementSibling === open.closest("tr");
    seen.sorts = all("#ranked [aria-sort]").length;
    open.click();
    seen.closed = [open.getAttribute("aria-expanded"), document.contains(detail)];
    for (const button of all("tr.entry .open")) button.click();
    seen.markup = all("td b, td i:not([class]), td img, .plot b, td script").length;
    seen.plain_cells = all("tr.entry td, .finding td").length;
    const filter = document.querySelector("#filter");
    filter.value = "LV gb";
    filter.dispatchEvent(new Event("input"));
    seen.filtered = all("tr.entry:not([hidden])").map((row) => row.textContent.toLowerCase());
    seen.filter_told = document.querySelector("#shown").textContent;
    filter.value = "";
    filter.dispatchEvent(new Event("input"));
    for (const button of all("tr.entry .open")) button.click();
    dispatchEvent(new Event("beforeprint"));
    for (let i = 0; i < 200 && all(".plot:not([data-state=drawn])").length; i++) await pause();
    dispatchEvent(new Event("afterprint"));
    seen.undrawn = all(".plot:not([data-state=drawn])").map((node) => node.id);
    seen.figures = all(".plot .main-svg").length;
    seen.labels = all("#flow-1 .ytick text").map((label) => label.textContent);
    const flow = document.querySelector("#flow-1");
    Plotly.Fx.hover(flow, [{ curveNumber: flow.data.length - 1, pointNumber: 0 }]);
    await pause();
    seen.hover = flow.querySelector(".hoverlayer").textContent;
    const link = all("[data-open]")[2];
    link.click();
    const linked = document.querySelector(`${link.getAttribute("href")} .open`);
    seen.link_opened = linked.getAttribute("aria-expanded");
  } catch (problem) { complaints.push(`driver ${problem.stack}`); }
  seen.complaints = complaints;
  const note = document.createElement("pre");
  note.id = "seen";
  note.textContent = JSON.stringify(seen);
  document.body.replaceChildren(note);
})();
