// A picture, or a heatmap over its grey picture.
function image(kind, source) {
  const made = el(`img.${kind}`, { alt: "", loading: "lazy", decoding: "async", draggable: "false", src: source });
  made.addEventListener("error", () => {
    made.parentElement?.classList.add("missing");
    made.remove();
  }, { once: true });
  return made;
}

/** The images of a map (or of the picture, without a column), one over the other. */
function imagesOf(item, map) {
  const images = map
    ? [image("ground", pictureUrl(item)), image("heat", mapUrl(item, map))]
    : [image("picture", pictureUrl(item))];
  if (map && item.outline && state.outline) images.push(image("line", outlineUrl(item)));
  return images;
}

/** A square with a map; one that carries a warning is pale and striped. */
function tile(item, map) {
  const made = el("span.tile", {}, ...imagesOf(item, map));
  if (labelOf(item, map)) made.classList.add("warned");
  return made;
}

/** What speaks against a map, in a few words below it; all of it for a pointer and for readers. */
const flag = (label, warning) => el("span.flag", { title: warning },
  label && el("b", {}, `⚠ ${label.verdict}`), label && `: ${label.reason}`,
  warning && el("span.unseen", {}, `. ${warning}`));

/** What a card shows: columns, null for the picture itself. */
function tilesInView() {
  const map = column();
  const before = beforeOf(map);
  switch (state.view) {
    case "picture": return [null];
    case "before": return [before ?? map];
    case "after": return [map ?? null];
    case "all": return [null, ...columnsOf(state.encoder)];
    default: return before ? [before, map] : [null, map ?? null].slice(map ? 0 : 1);
  }
}

const caption = (map) => {
  if (!map) return "picture";
  if (state.view === "all") return map.model;
  return beforeOf(column()) ? (map === column() ? "after" : "before") : map.model;
};

/** The metrics on cards: drift and omission together, and what is sorted by. */
function metricsOnCards() {
  const named = ["drift", "omission"].map((key) => metrics.find((metric) => metric.key === key));
  const found = named.every(Boolean) ? named : metrics.slice(0, 2);
  const sorted = metricIn(sortInForce());
  return sorted && !found.includes(sorted) ? [...found, sorted] : found;
}

function figuresOf(item) {
  const map = column();
  const rows = el("dl.rows");
  for (const metric of map ? metricsOnCards() : []) {
    const { before, after, delta, verdict } = changeOf(item, map, metric);
    const values = el("dd", {});
    if (beforeOf(map)) {
      values.append(el("span.was", {}, shown(before)), el("span.to", {}, " → "),
        el("b", {}, shown(after)), el("span.delta", { "data-verdict": verdict },
          delta == null ? "" : ` ${verdict ?? signed(delta)}`));
    } else values.append(el("b", {}, shown(after)));
    rows.append(el("div", {}, el("dt", {}, metric.label), values));
  }
  return rows;
}

/** A card: its link covers it whole. */
function card(item, position, count, labels = null) {
  const shownTiles = tilesInView();
  const tiles = el("div.tiles", { "data-count": shownTiles.length > 2 ? "many" : shownTiles.length });
  tiles.style.setProperty("--tiles", shownTiles.length);
  shownTiles.forEach((map, i) => {
    const cell = el("div.cell", {}, tile(item, map));
    if (shownTiles.length > 1) cell.append(el("span.caption", {}, bdi(caption(map))));
    if (state.view === "all" && map) cell.append(el("span.small", {},
      metricsOnCards().map((metric) => `${metric.label} ${shown(valueOf(item, map, metric))}`).join(" · ")));
    if (flagged) cell.append(labels ? flag(labels[i], null) : flag(labelOf(item, map), warningOf(item, map)));
    tiles.append(cell);
  });
  const link = el("a.open", { href: fragmentOf({ ...state, item }), title: item.name }, item.name);
  const facts = [item.id, item.category, picks.length > 1 && item.pick && `picked: ${item.pick.way}`];
  return el("li.card", { "data-item": item.index, "aria-posinset": position + 1, "aria-setsize": count },
    tiles,
    el("h3", { dir: "auto" }, link),
    el("p.meta", {}, ...dotted(facts.filter(Boolean))),
    state.view === "all" ? null : figuresOf(item));
}
