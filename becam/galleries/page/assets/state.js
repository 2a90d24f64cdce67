// What the page shows. The address's fragment holds all of it that is not the default.
const VIEWS = ["both", "after", "before", "picture", "all"];
const OPACITY = raw.opacity;
const defaultModel = (encoder) => {
  const own = columnsOf(encoder);
  return (own.find((column) => column.role === "after") ?? own[0])?.model ?? "";
};
const defaults = () => ({
  item: null, encoder: encoders[0] ?? "", model: defaultModel(encoders[0]), left: null,
  view: "both", sort: "gallery", descending: null, q: "", category: null, catalogue: null, pick: null, show: "all",
  outline: true, opacity: OPACITY,
});

let state = defaults();
const column = () => columnOf(state.encoder, state.model);

/** The metric of a choice such as "gain:drift", if there is one. */
const metricIn = (choice) => {
  const at = choice.indexOf(":");
  return at < 0 ? undefined : metrics.find((metric) => metric.key === choice.slice(at + 1));
};
const kindOf = (choice) => choice.split(":", 1)[0];
const sortable = (choice) => {
  const kind = kindOf(choice);
  if (choice === "gallery" || choice === "title" || choice === "interactions") return true;
  const metric = metricIn(choice);
  return Boolean(metric) && (kind === "map" || kind === "before" || (kind === "gain" && metric.better));
};
const showable = (choice) => {
  if (choice === "all" || choice === "clear" || choice === "warned") return true;
  return ["better", "worse"].includes(kindOf(choice)) && Boolean(metricIn(choice)?.better);
};

/** The order in force: without a map before the adapter, that of the map alone. */
function sortInForce() {
  const kind = kindOf(state.sort);
  const lacking = (kind === "before" || kind === "gain") && !beforeOf(column());
  return lacking ? `map:${metricIn(state.sort).key}` : state.sort;
}
const fallsByDefault = (sort) => sort !== "gallery" && sort !== "title";
const falls = () => state.descending ?? fallsByDefault(sortInForce());

function fragmentOf(wanted) {
  const from = defaults();
  const parts = new URLSearchParams();
  if (wanted.item) parts.set("item", wanted.item.id);
  if (wanted.encoder !== from.encoder) parts.set("encoder", wanted.encoder);
  if (wanted.model !== defaultModel(wanted.encoder)) parts.set("model", wanted.model);
  for (const key of ["left", "view", "sort", "q", "category", "catalogue", "pick", "show"]) {
    if (wanted[key] !== from[key]) parts.set(key, wanted[key]);
  }
  if (wanted.descending !== null) parts.set("order", wanted.descending ? "falling" : "rising");
  if (!wanted.outline) parts.set("outline", "off");
  if (wanted.opacity !== OPACITY) parts.set("heat", wanted.opacity);
  return `#${parts}`;
}

/** Read a fragment; what is unknown in it falls back, and is told. */
function readFragment(fragment) {
  const parts = new URLSearchParams(fragment.replace(/^#/, ""));
  const found = defaults();
  const unknown = [];
  const take = (key, known, put) => {
    if (!parts.has(key)) return;
    const value = parts.get(key);
    if (known(value)) put(value);
    else unknown.push(`${key} “${value.slice(0, 60)}”`);
  };
  take("encoder", (v) => encoders.includes(v), (v) => { found.encoder = v; });
  found.model = defaultModel(found.encoder);
  take("model", (v) => columnOf(found.encoder, v), (v) => { found.model = v; });
  take("item", (v) => byId.has(v), (v) => { found.item = byId.get(v); });
  take("left", (v) => v === "picture" || leftColumn(v), (v) => { found.left = v; });
  take("view", (v) => VIEWS.includes(v), (v) => { found.view = v; });
  take("sort", sortable, (v) => { found.sort = v; });
  take("order", (v) => ["falling", "rising"].includes(v), (v) => { found.descending = v === "falling"; });
  take("q", () => true, (v) => { found.q = v; });
  take("category", (v) => items.some((item) => (item.category ?? "") === v), (v) => { found.category = v; });
  take("catalogue", (v) => catalogues.includes(v), (v) => { found.catalogue = v; });
  take("pick", (v) => picks.some((one) => one.way === v), (v) => { found.pick = v; });
  take("show", showable, (v) => { found.show = v; });
  take("outline", (v) => v === "off" || v === "on", (v) => { found.outline = v === "on"; });
  take("heat", (v) => /^\d{1,3}$/.test(v) && Number(v) <= 100, (v) => { found.opacity = Number(v); });
  return [found, unknown];
}

/** A column named "encoder model", as the left side of the slider is. */
const leftColumn = (name) => columns.find((one) => `${one.encoder} ${one.model}` === name);

/** Items that pass search and filters, in the order in force. */
function chosenItems() {
  const words = folded(state.q).split(/\s+/).filter(Boolean);
  const map = column();
  const metric = metricIn(state.show);
  const kind = kindOf(state.show);
  const passes = (item) => {
    if (!words.every((word) => item.words.includes(word))) return false;
    if (state.category !== null && (item.category ?? "") !== state.category) return false;
    if (state.catalogue !== null && item.catalogue !== state.catalogue) return false;
    if (state.pick !== null && item.pick?.way !== state.pick) return false;
    if (kind === "all") return true;
    if (kind === "clear" || kind === "warned") return doubtful(item, map) === (kind === "warned");
    return changeOf(item, map, metric).verdict === kind;
  };
  const found = items.filter(passes);
  const sort = sortInForce();
  const sign = falls() ? -1 : 1;
  if (sort === "gallery") return sign < 0 ? found.reverse() : found;
  if (sort === "title") {
    const order = new Intl.Collator(undefined, { numeric: true });
    return found.sort((a, b) => sign * order.compare(a.name, b.name) || a.index - b.index);
  }
  const keys = new Map(found.map((item) => [item, sortValue(item, sort)]));
  // Either way last: what is not defined, and before it improvements that get no verdict.
  const rank = (item) => (keys.get(item) == null ? 2 : Number(kindOf(sort) === "gain" && doubtful(item, map)));
  const ranks = new Map(found.map((item) => [item, rank(item)]));
  return found.sort((a, b) => ranks.get(a) - ranks.get(b)
    || (ranks.get(a) < 2 && sign * (keys.get(a) - keys.get(b))) || a.index - b.index);
}

function sortValue(item, sort) {
  if (sort === "interactions") return item.interactions;
  const metric = metricIn(sort);
  const map = column();
  if (kindOf(sort) === "gain") return gainOf(item, map, metric);
  return valueOf(item, kindOf(sort) === "before" ? beforeOf(map) : map, metric);
}
