"use strict";
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

  // Text from the ledger enters the page by textContent only, never as markup.
  function make(tag, options = {}, ...children) {
    const node = document.createElement(tag);
    if (options.class) node.className = options.class;
    if (options.title) node.title = options.title;
    node.append(...children.filter((child) => child !== null && child !== undefined));
    return node;
  }
  const isolated = (text, name) => make("bdi", { class: name }, text);
  const count = (n) => n.toLocaleString("en-US");

  /* ---- figures: drawn when they come near the window, and all of them before printing ---- */
  const CONFIG = {
    responsive: true, displaylogo: false, displayModeBar: "hover",
    modeBarButtons: [["zoom2d", "pan2d", "resetScale2d", "toImage"]],
  };
  const figures = new Map($$("[data-figure]").map((source) => [
    document.getElementById(source.dataset.figure), { source, drawn: false },
  ]));

  function themed(layout) {
    const style = getComputedStyle(document.documentElement);
    const of = (name) => style.getPropertyValue(name).trim();
    const change = { "font.color": of("--ink"), "modebar.bgcolor": "rgba(0,0,0,0)", "modebar.color": of("--muted"), "modebar.activecolor": of("--accent") };
    for (const key of Object.keys(layout)) {
      if (/^[xy]axis/.test(key)) change[`${key}.gridcolor`] = of("--grid");
    }
    return change;
  }
  function draw(node) {
    const state = figures.get(node);
    if (state.drawn) return;
    state.drawn = true;
    const figure = JSON.parse(state.source.textContent);
    Plotly.newPlot(node, figure.data, figure.layout, CONFIG).then(() => {
      Plotly.relayout(node, themed(figure.layout));
      node.dataset.state = "drawn";
    });
  }
  function repaint() {
    for (const [node, state] of figures) if (state.drawn) Plotly.relayout(node, themed(node.layout));
  }
  const near = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      near.unobserve(entry.target);
      draw(entry.target);
    }
  }, { rootMargin: "600px" });
  for (const [node, state] of figures) {
    // Reserve the room, so that the page does not jump when a picture arrives.
    const height = /"height":(\d+)/.exec(state.source.textContent);
    if (height) node.style.minHeight = `${height[1]}px`;
    near.observe(node);
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
  addEventListener("beforeprint", () => {
    document.documentElement.dataset.theme = "light";
    for (const node of figures.keys()) draw(node);
    repaint();
  });
  addEventListener("afterprint", () => {
    delete document.documentElement.dataset.theme;
    repaint();
  });

  /* ---- evidence: built when a row is opened ---- */
  let parsed = null;
  const evidence = () => (parsed ??= JSON.parse($("#evidence").textContent));

  function party(ledger, side, row, own) {
    const account = ledger[side][row];
    const holder = evidence().holders[account];
    return make("td", {},
      isolated(account, account === own ? "key own" : "key"), " ",
      make("span", { class: "muted" }, ledger[`${side}_jurisdiction`][row]),
      holder ? isolated(holder, "holder") : null);
  }
  function transactionRow([row, role, used], own) {
    const ledger = evidence().transactions;
    const id = make("td", { class: "n" }, String(ledger.id[row]));
    if (ledger.reference[row]) id.title = ledger.reference[row];
    return make("tr", {}, id,
      make("td", { class: "n" }, ledger.at[row]),
      party(ledger, "from", row, own), party(ledger, "to", row, own),
      make("td", { class: "n" }, ledger.sent[row]),
      make("td", { class: "n" }, ledger.received[row]),
      make("td", { class: "n" }, ledger.base[row],
        used ? make("div", { class: "muted" }, `of which ${used}`) : null),
      make("td", {}, role),
      make("td", {}, ledger.purpose[row] ? isolated(ledger.purpose[row]) : ""));
  }
  function findingCard(finding, own) {
    const told = [
      `${finding.started} to ${finding.ended}`, `${count(finding.n)} transactions`,
      `${count(finding.n_accounts)} accounts`, `${finding.hops} hops`,
      `${finding.borders} across a border`,
      finding.in ? `in ${finding.in}` : null, finding.out ? `out ${finding.out}` : null,
      finding.retained ? `${finding.retained} passed on` : null,
      finding.multiplicity > 1 ? `best of ${count(finding.multiplicity)} instances` : null,
      finding.chance ? `chance rate ${finding.chance}` : null,
    ].filter(Boolean).join(" · ");
    const path = make("p", {});
    finding.accounts.forEach((name, i) => path.append(i ? " → " : "", isolated(name, name === own ? "key own" : "key")));
    if (finding.n_accounts > finding.accounts.length) path.append(` and ${count(finding.n_accounts - finding.accounts.length)} more`);
    const heads = ["Transaction", "Time", "From", "To", "Sent", "Received", "Base", "Role", "Purpose"];
    const numeric = new Set(["Transaction", "Time", "Sent", "Received", "Base"]);
    const head = make("tr", {}, ...heads.map((name) => {
      const cell = make("th", numeric.has(name) ? { class: "n" } : {}, name);
      cell.scope = "col";
      return cell;
    }));
    const table = make("table", {}, make("thead", {}, head),
      make("tbody", {}, ...finding.rows.map((piece) => transactionRow(piece, own))));
    const card = make("article", { class: "finding" },
      make("header", {}, make("h4", {}, finding.pattern), make("p", {}, told), path,
        make("p", {}, "finding ", make("code", {}, finding.id), `, definition ${finding.version}`)),
      make("div", { class: "scroll" }, table));
    if (finding.rows.length < finding.n) {
      card.append(make("div", { class: "told" }, `${count(finding.rows.length)} of ${count(finding.n)} transactions are on this page; the evidence table of the run has all of them.`));
    }
    if (finding.is_truncated) {
      card.append(make("div", { class: "told" }, "The search from this anchor reached a cap: there may be more than is shown."));
    }
    for (const explanation of finding.innocent) {
      card.append(make("div", { class: "told" }, `An innocent explanation fits: ${explanation}`));
    }
    return card;
  }
  function detailOf(place) {
    const { accounts, findings } = evidence();
    const account = accounts[place];
    const numbers = make("dl", { class: "numbers" }, ...account.numbers.map(([name, value]) =>
      make("div", {}, make("dt", {}, name), make("dd", {}, value))));
    const inner = make("div", { class: "inner" }, numbers, make("h4", {}, "Reasons"),
      make("ul", { class: "why" }, ...account.reasons.map((reason) => make("li", {}, reason))),
      make("h4", {}, account.findings.length < account.n_findings
        ? `${count(account.findings.length)} of ${count(account.n_findings)} findings: its own first, then by money; the findings table of the run has all of them`
        : `Findings: ${count(account.n_findings)}`),
      ...account.findings.map((i) => findingCard(findings[i], account.account)));
    const cell = make("td", {}, inner);
    cell.colSpan = heads.length;
    const row = make("tr", { class: "detail" }, cell);
    row.id = `evidence-${place}`;
    return row;
  }

  /* ---- the ranked table ---- */
  const table = $("#ranked");
  if (!table) return;
  const body = table.tBodies[0];
  const entries = $$(".entry", body);
  const details = new Map();
  const heads = [...table.tHead.rows[0].cells]; // not those of the tables inside opened rows

  function toggle(entry, open) {
    const button = $(".open", entry);
    const wanted = open ?? button.getAttribute("aria-expanded") !== "true";
    if (wanted && !details.has(entry)) {
      const detail = detailOf(Number(entry.dataset.place));
      details.set(entry, detail);
      button.setAttribute("aria-controls", detail.id);
    }
    if (wanted) entry.after(details.get(entry));
    else details.get(entry)?.remove();
    entry.classList.toggle("is-open", wanted);
    button.setAttribute("aria-expanded", String(wanted));
  }
  body.addEventListener("click", (event) => {
    const entry = event.target.closest(".entry");
    // A drag that selects text to copy it is not a click on the row.
    if (entry && (event.target.closest(".open") || getSelection().isCollapsed)) toggle(entry);
  });

  const keyOf = (entry, column) => {
    const cell = entry.cells[column];
    return cell.dataset.sort === undefined ? cell.textContent.trim() : Number(cell.dataset.sort);
  };
  const compare = (a, b) => typeof a === "number" ? a - b : a.localeCompare(b, "en", { numeric: true });
  heads.forEach((head, column) => {
    $("button", head).addEventListener("click", () => {
      const now = head.getAttribute("aria-sort");
      // Numbers begin with the largest, except the rank, whose first is the smallest.
      const first = head.classList.contains("n") && column > 0 ? "descending" : "ascending";
      const other = first === "ascending" ? "descending" : "ascending";
      const next = now === first ? other : first;
      for (const each of heads) each.setAttribute("aria-sort", "none");
      head.setAttribute("aria-sort", next);
      const sign = next === "ascending" ? 1 : -1;
      const keyed = entries.map((entry) => [keyOf(entry, column), entry]);
      // Ties stay in order of rank, in which the page was written.
      keyed.sort((a, b) => sign * compare(a[0], b[0]) || a[1].dataset.place - b[1].dataset.place);
      for (const [, entry] of keyed) {
        body.append(entry);
        if (entry.classList.contains("is-open")) body.append(details.get(entry));
      }
    });
  });

  const filter = $("#filter");
  const haystack = new Map(entries.map((entry) => [entry, entry.textContent.toLowerCase()]));
  function applyFilter() {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const entry of entries) {
      const hit = words.every((word) => haystack.get(entry).includes(word));
      entry.hidden = !hit;
      if (details.has(entry)) details.get(entry).hidden = !hit;
      shown += hit;
    }
    $("#shown").textContent = `${count(shown)} of ${count(entries.length)} accounts`;
  }
  filter.addEventListener("input", applyFilter);
  applyFilter();

  for (const link of $$("[data-open]")) {
    link.addEventListener("click", () => {
      filter.value = "";
      applyFilter();
      toggle(entries[Number(link.dataset.open)], true);
    });
  }
})();
