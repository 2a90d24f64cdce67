// The controls above the grid, and what they say of the items below.
const option = (value, text) => el("option", { value }, text);
const group = (label, options) => el("optgroup", { label }, ...options);
const VIEW_NAMES = { both: "Both", after: "After", before: "Before", picture: "Picture", all: "All models" };
const NARROWED = ["category", "catalogue", "pick"];  // filters with an "all"
const SINGLE_NAMES = { ...VIEW_NAMES, both: "Both", after: "Map" };

/** Models of an encoder as options; a plain one is named as what it is. */
const modelOptions = (encoder) => columnsOf(encoder).map((one) =>
  option(one.model, one.model + (one.role === "before" ? " (no adapter)" : "")));

function fillToolbar() {
  $("category").append(option("all", "All categories"));
  const count = (of) => {
    const counts = new Map();
    for (const item of items) counts.set(of(item) ?? "", (counts.get(of(item) ?? "") ?? 0) + 1);
    return counts;
  };
  const counts = count((item) => item.category);
  for (const name of [...counts.keys()].sort((a, b) => a.localeCompare(b))) {
    $("category").append(option(`=${name}`, `${name || "(none)"} · ${counts.get(name)}`));
  }
  const from = count((item) => item.catalogue);
  $("catalogue").append(option("all", "All catalogues"),
    ...catalogues.map((name) => option(`=${name}`, `${name} · ${from.get(name) ?? 0}`)));
  const why = count((item) => item.pick?.way);
  $("pick").append(option("all", "Anything"),
    ...picks.map(({ way, meaning }) => {
      const made = option(`=${way}`, `${way} · ${why.get(way)}`);
      made.title = meaning;
      return made;
    }));
  for (const select of [$("encoder"), $("detail-encoder")]) {
    select.append(...encoders.map((name) => option(name, name)));
  }
  $("show").append(option("all", "All maps"), option("clear", "Without a warning"),
    option("warned", "With a warning"),
    ...["better", "worse"].filter(() => columns.some(beforeOf)).map((kind) =>
      group(kind === "better" ? "Better after" : "Worse after",
        judged.map((metric) => option(`${kind}:${metric.key}`, `${metric.label} ${kind}`)))));
  for (const view of VIEWS) {
    $("view").append(el("label", {}, el("input", { type: "radio", name: "view", value: view }), el("span")));
  }
  const seldom = { encoder: encoders.length > 1, model: columns.length > 1, category: counts.size > 1,
    catalogue: catalogues.length > 1, pick: picks.length > 1, outline: hasOutlines };
  for (const field of document.querySelectorAll("[data-for]")) field.hidden = !seldom[field.dataset.for];
}

function fillSort() {
  const before = beforeOf(column());
  const plain = [option("gallery", "Order of the gallery"), option("title", "Title")];
  if (items.some((item) => item.interactions != null)) plain.push(option("interactions", "Interactions"));
  const of = (kind, list, suffix) => list.map((metric) => option(`${kind}:${metric.key}`, metric.label + suffix));
  const select = $("sort");
  select.replaceChildren(...plain);
  if (!column()) return;
  if (before) select.append(group("Improvement (with a warning: last)", of("gain", judged, " improved")));
  select.append(group(before ? "After the adapter" : "Map", of("map", metrics, before ? " after" : "")));
  if (before) select.append(group("Before the adapter", of("before", metrics, " before")));
}

/** Bring all controls in line with the state. */
function syncToolbar() {
  const before = beforeOf(column());
  fillSort();
  for (const id of ["model", "detail-model"]) $(id).replaceChildren(...modelOptions(state.encoder));
  for (const [id, value] of Object.entries({
    encoder: state.encoder, "detail-encoder": state.encoder, model: state.model,
    "detail-model": state.model, sort: sortInForce(), show: state.show,
    ...Object.fromEntries(NARROWED.map((key) => [key, state[key] === null ? "all" : `=${state[key]}`])),
    opacity: state.opacity, "detail-opacity": state.opacity,
  })) $(id).value = value;
  if ($("q").value !== state.q) $("q").value = state.q;
  for (const id of ["outline", "detail-outline"]) $(id).checked = state.outline;
  for (const label of $("view").children) {
    const [input, text] = label.children;
    input.checked = input.value === state.view;
    text.textContent = (before ? VIEW_NAMES : SINGLE_NAMES)[input.value];
    label.hidden = (input.value === "before" && !before) || (input.value !== "picture" && !column());
  }
  const name = falls() ? "falling" : "rising";
  $("direction").textContent = falls() ? "↓" : "↑";
  $("direction").setAttribute("aria-label", `Order: ${name}; turn round`);
  $("direction").title = falls() ? "Largest first" : "Smallest first";
  document.documentElement.style.setProperty("--heat", state.opacity / 100);
  for (const id of ["opacity", "detail-opacity"]) $(id).setAttribute("aria-valuetext", `${state.opacity} %`);
  const narrowed = [...NARROWED.map((key) => state[key] !== null), state.show !== "all", state.sort !== "gallery"].filter(Boolean).length;
  $("more").textContent = narrowed ? `Options (${narrowed})` : "Options";
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Say how many items there are, what they show on average and how many maps carry a warning. */
function summarise() {
  const total = items.length;
  $("count").textContent = chosen.length === total ? plural(total, "item")
    : `${chosen.length.toLocaleString("en")} of ${plural(total, "item")}`;
  const map = column();
  const before = beforeOf(map);
  const list = $("means");
  list.replaceChildren();
  if (!map || !chosen.length) return;
  const warned = chosen.filter((item) => labelOf(item, map)).length;
  if (warned) {
    list.append(el("li.alarm", {}, `⚠ ${warned === chosen.length ? "all" : warned} ${warned === 1 ? "map" : "maps"} of `,
      bdi(map.model), ` ${warned === 1 ? "carries" : "carry"} a warning`));
  }
  for (const metric of metricsOnCards()) {
    // Means over the same items on both sides.
    const both = chosen.filter((item) => valueOf(item, map, metric) != null
      && (!before || valueOf(item, before, metric) != null));
    if (!both.length) continue;
    const after = shown(mean(both.map((item) => valueOf(item, map, metric))));
    const values = before ? `${shown(mean(both.map((item) => valueOf(item, before, metric))))} → ${after}` : after;
    const verdicts = before ? both.map((item) => changeOf(item, map, metric).verdict).filter(Boolean) : [];
    const better = verdicts.filter((verdict) => verdict === "better").length;
    list.append(el("li", {}, `${metric.label} `, el("b", {}, values),
      verdicts.length > 0 && el("span.quietly", {}, ` better in ${percent(better / verdicts.length)}`)));
  }
}

/** The colour scale, as pale as it is on the maps. */
function fillLegends() {
  const limit = raw.about.limit;
  for (const legend of document.querySelectorAll("[data-legend]")) {
    if (!columns.length) { legend.hidden = true; continue; }
    const end = limit == null ? "" : shown(Math.round(limit * 10) / 10).replace(/0$/, "");
    legend.append(el("span.scale", { "aria-hidden": "true" }),
      el("span.ends", { "aria-hidden": "true" }, el("span", {}, end ? `−${end}` : "less"), el("span", {}, "0"),
        el("span", {}, end ? `+${end}` : "more")),
      el("span.words", {}, el("span.unseen", {},
        `Colour scale from ${end ? `−${end}` : "blue"} (blue) to ${end ? `+${end}` : "red"} (red): `),
      "standard deviations from the map’s mean"));
  }
}

function listenToToolbar() {
  const on = (id, kind, act) => $(id).addEventListener(kind, (event) => act(event.target, event));
  for (const id of ["encoder", "detail-encoder"]) on(id, "change", (it) => chooseEncoder(it.value));
  for (const id of ["model", "detail-model"]) on(id, "change", (it) => set({ model: it.value }));
  on("sort", "change", (it) => set({ sort: it.value, descending: null }));
  on("direction", "click", () => set({ descending: !falls() }));
  for (const key of NARROWED) on(key, "change", (it) => set({ [key]: it.value === "all" ? null : it.value.slice(1) }));
  on("show", "change", (it) => set({ show: it.value }));
  on("view", "change", (it) => set({ view: it.value }));
  on("q", "input", (it) => set({ q: it.value }, { push: false }));
  for (const id of ["outline", "detail-outline"]) on(id, "change", (it) => set({ outline: it.checked }, { push: false }));
  for (const id of ["opacity", "detail-opacity"]) {
    on(id, "input", (it) => setOpacity(Number(it.value)));
    on(id, "change", (it) => set({ opacity: Number(it.value) }, { push: false, redraw: false }));
  }
  on("clear", "click", () => { set({ q: "", category: null, catalogue: null, pick: null, show: "all" }); $("q").focus(); });
  on("more", "click", (button) => {
    const open = button.getAttribute("aria-expanded") !== "true";
    button.setAttribute("aria-expanded", open);
    $("bar").classList.toggle("open", open);
  });
  on("skip", "click", () => {
    if (chosen.length) focusItem(chosen[0]);
    else $("items").focus();
  });
}

/** Another encoder, with the same model where it has it. */
function chooseEncoder(encoder) {
  set({ encoder, model: columnOf(encoder, state.model) ? state.model : defaultModel(encoder) });
}
function setOpacity(value) {
  state.opacity = value;
  syncToolbar();
}
