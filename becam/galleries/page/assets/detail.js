// One item, large: a slider between two sides, the figures, all models.
const detail = $("detail");

/** The left side of the slider: a column, or null for the picture. */
function leftSide() {
  if (state.left === "picture") return null;
  const map = column();
  const chosenLeft = state.left ? leftColumn(state.left) : beforeOf(map);
  return chosenLeft && chosenLeft !== map ? chosenLeft : null;
}
/** A side's name; the encoder's too where the two sides differ in it. */
function sideName(map) {
  if (!map) return "picture";
  const role = map === column() && beforeOf(map) ? "after: " : map === beforeOf(column()) ? "before: " : "";
  const encoder = map.encoder === state.encoder ? "" : `, ${map.encoder}`;
  return `${role}${map.model}${encoder}`;
}

function fillLayer(layer, item, map) {
  const key = `${item.index} ${map?.index} ${state.outline}`;
  layer.classList.toggle("warned", Boolean(labelOf(item, map)));
  if (layer.dataset.key === key) return;
  layer.dataset.key = key;
  layer.classList.remove("missing");
  const images = imagesOf(item, map);
  images.forEach((one) => { one.loading = "eager"; });
  layer.replaceChildren(...images);
}

function fillTag(tag, item, map) {
  const label = labelOf(item, map);
  tag.replaceChildren(bdi(sideName(map)), label ? el("b", {}, `⚠ ${label.verdict.toLowerCase()}`) : "");
}

function fillLeftChoices() {
  const before = beforeOf(column());
  const others = columns.filter((one) => one !== column() && one !== before);
  const name = (one) => (encoders.length > 1 ? `${one.model} · ${one.encoder}` : one.model);
  const value = (one) => `${one.encoder} ${one.model}`;
  const select = $("left-side");
  select.replaceChildren();
  if (before) select.append(option("", `before: ${before.model}`));
  select.append(option(before ? "picture" : "", "picture"));
  if (others.length) select.append(group("Another map", others.map((one) => option(value(one), name(one)))));
  const left = leftSide();
  select.value = left === before || (!left && !before) ? "" : left ? value(left) : "picture";
}

function fillStage(item) {
  const left = leftSide();
  const stage = $("stage");
  stage.parentElement.style.setProperty("--ratio", item.width / item.height);
  fillLayer($("left"), item, left);
  fillLayer($("right"), item, column() ?? null);
  fillTag($("tag-left"), item, left);
  fillTag($("tag-right"), item, column() ?? null);
  for (const one of [stage, $("tags")]) one.classList.toggle("single", !column());
  $("split").setAttribute("aria-label", `How much of the left side shows: ${sideName(left)} against ${sideName(column())}`);
  fillLeftChoices();
  slide(Number($("split").value));
}

/** Put the divider at a share of the width, in percent from the left. */
function slide(value) {
  $("split").value = value;
  $("stage").style.setProperty("--split", `${value}%`);
  $("split").setAttribute("aria-valuetext", `${value} % ${sideName(leftSide())}, ${100 - value} % ${sideName(column())}`);
}

function fillWarnings(item) {
  const sides = [...new Set([leftSide(), column()])].filter((map) => labelOf(item, map));
  $("warnings").replaceChildren(...sides.map((map) => el("p.warning", {},
    el("b", {}, `⚠ ${labelOf(item, map).verdict} · `, bdi(sideName(map))),
    el("span", {}, ...advice(warningOf(item, map))))), ...item.notes.map((note) => el("p.note", {}, note)));
}

function fillNumbers(item) {
  const map = column();
  const before = beforeOf(map);
  const table = $("numbers");
  table.hidden = !map || !metrics.length;
  if (table.hidden) return;
  const heads = ["figure", ...(before ? ["before", "after", "change"] : ["map"])];
  const rows = metrics.map((metric) => {
    const change = changeOf(item, map, metric);
    const better = metric.better && el("small", {}, `${metric.better} is better`);
    const cells = before
      ? [el("td", {}, shown(change.before)), el("td", {}, shown(change.after)),
        el("td", {}, el("span.delta", { "data-verdict": change.verdict }, change.delta == null ? "–" : signed(change.delta),
          change.verdict && el("small", {}, change.verdict)))]
      : [el("td", {}, shown(change.after))];
    return el("tr", {}, el("th", { scope: "row" }, metric.label, better), ...cells);
  });
  table.replaceChildren(
    el("caption.unseen", {}, `Figures of ${map.model}`),
    el("thead", {}, el("tr", {}, ...heads.map((head) => el("th", { scope: "col" }, head)))),
    el("tbody", {}, ...rows));
}

/** All maps of the item; each is a button that shows it. */
function fillOthers(item) {
  const parts = encoders.map((encoder) => el("div", {},
    encoders.length > 1 && el("h4", {}, bdi(encoder)),
    el("div.strip", {}, ...columnsOf(encoder).map((map) => {
      const current = map === column();
      const label = labelOf(item, map);
      const figures = metricsOnCards().slice(0, 2);
      const button = el("button.choice", {
        type: "button", "aria-pressed": String(current), "data-column": map.index,
      }, tile(item, map), el("span.caption", {}, bdi(map.model)),
      el("span.small", {}, figures.map((metric) => `${metric.label} ${shown(valueOf(item, map, metric))}`).join(", ")),
      label && el("span.flag", { title: warningOf(item, map) }, `⚠ ${label.verdict}`));
      button.addEventListener("click", () => set({ encoder: map.encoder, model: map.model }));
      return button;
    }))));
  // The focused button comes back after its twin replaced it.
  const focused = document.activeElement?.dataset?.column;
  $("others").replaceChildren(...parts);
  if (focused !== undefined) $("others").querySelector(`[data-column="${focused}"]`)?.focus();
  $("others").parentElement.hidden = columns.length < 2;
}

function fillFacts(item) {
  const layer = raw.about.layer;
  const facts = [
    item.id, item.category,
    item.interactions == null ? null : plural(item.interactions, "interaction"),
    `${item.width} × ${item.height} px`,
    layer && typeof layer === "object" ? layer[state.encoder] : null,
  ].filter(Boolean);
  $("facts").replaceChildren(...dotted(facts));
  $("picked").replaceChildren(...whyPicked(item));
  $("item-figures").replaceChildren(...forPapers(item));
}

/** The item's own figures for a paper, a link a file. */
function forPapers(item) {
  if (!item.figures.length) return [];
  return [item.figures.length === 1 ? "Figure for a paper: " : "Figures for a paper: ",
    ...item.figures.flatMap((path, place) => [place ? ", " : "", el("a", { href: encoded(path) }, bdi(path.replace(/^.*\//, "")))])];
}

/** Why the item is here, and among how many it was chosen. */
function whyPicked(item) {
  if (!item.pick) return [];
  const { pool = [], drawn = true } = raw.about.catalogues?.[item.source] ?? {};
  const among = pool.length ? `, among ${plural(pool.length, "item")}${drawn ? " drawn at random" : ""}` : "";
  return ["Picked: ", bdi(item.pick.meaning), among];
}

const neighbour = (step) => {
  const at = chosen.indexOf(state.item);
  return at < 0 ? undefined : chosen[at + step];
};
function turn(step) {
  const item = neighbour(step);
  if (item) {
    set({ item }, { push: false });
    say(`${item.name}, ${$("position").textContent}`);
  }
}

function fillDetail() {
  const item = state.item;
  const title = $("detail-title");
  title.textContent = item.name;
  title.tabIndex = title.scrollHeight > title.clientHeight ? 0 : -1;  // a long one scrolls by keys
  const at = chosen.indexOf(item);
  $("position").textContent = at < 0 ? "not in this selection" : `${(at + 1).toLocaleString("en")} of ${chosen.length.toLocaleString("en")}`;
  for (const [id, step] of [["previous", -1], ["next", 1]]) {
    $(id).setAttribute("aria-disabled", String(!neighbour(step)));
  }
  fillStage(item);
  fillWarnings(item);
  fillFacts(item);
  fillNumbers(item);
  fillOthers(item);
  for (const step of [1, -1]) {
    const other = neighbour(step);
    if (!other) continue;
    for (const source of [pictureUrl(other), column() && mapUrl(other, column())]) {
      if (source) new Image().src = source;
    }
  }
}

function showDetail() {
  if (!state.item) {
    if (detail.open) detail.close();
    return;
  }
  const opening = !detail.open;
  if (opening) {
    slide(50);
    detail.showModal();
    document.documentElement.classList.add("locked");
  }
  fillDetail();
  if (opening) {
    detail.scrollTop = 0;
    $("detail-title").focus({ preventScroll: true });
  }
}

function listenToDetail() {
  $("split").addEventListener("input", (event) => slide(Number(event.target.value)));
  $("left-side").addEventListener("change", (event) => set({ left: event.target.value || null }));
  $("previous").addEventListener("click", () => turn(-1));
  $("next").addEventListener("click", () => turn(1));
  $("close").addEventListener("click", closeItem);
  $("copy").addEventListener("click", copyLink);
  detail.addEventListener("cancel", (event) => { event.preventDefault(); closeItem(); });
  detail.addEventListener("close", () => {
    if (detail.open) return;  // back and forward again before the event came
    document.documentElement.classList.remove("locked");
    if (state.item) closeItem();
  });
}

async function copyLink() {
  let told = "Link copied";
  try {
    await navigator.clipboard.writeText(location.href);
  } catch {
    told = "Copy it from the address bar";  // a browser may forbid it to a file
  }
  $("copy").textContent = told;
  say(told);
  setTimeout(() => { $("copy").textContent = "Copy link"; }, 2500);
}
