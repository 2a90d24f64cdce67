// The gallery's data, unpacked.
const raw = JSON.parse(document.getElementById("data").textContent);

const columns = raw.columns.map(([encoder, model, role, before], index) =>
  ({ index, encoder, model, role, before }));
const metrics = raw.metrics.map(([key, label, better], index) => ({ index, key, label, better }));
const judged = metrics.filter((metric) => metric.better);
const encoders = [...new Set(columns.map((column) => column.encoder))];

const folded = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

// Where there are several, two catalogues may call different items alike.
const catalogues = raw.catalogues.length > 1 ? raw.catalogues : [];
const picks = raw.picks.map(([way, meaning]) => ({ way, meaning }));

const items = raw.items.map((entry, index) => {
  const [own, title, category, interactions, width, height, outline, values, warnings, place,
    from, pick, notes, figures] = entry;
  const catalogue = catalogues[from] ?? null;
  const id = catalogue === null ? own : `${catalogue}: ${own}`;
  return {
    index, place, id, title, category, catalogue, interactions, width, height,
    outline: Boolean(outline), values, warnings, notes: notes ?? [], figures: figures ?? [],
    source: raw.catalogues[from] ?? null,
    pick: pick === null ? null : picks[pick],
    name: title || `item ${id}`,
    words: folded(`${title} ${id} ${category ?? ""}`),
  };
});
const byId = new Map(items.map((item) => [item.id, item]));
const hasOutlines = items.some((item) => item.outline);

const columnsOf = (encoder) => columns.filter((column) => column.encoder === encoder);
const columnOf = (encoder, model) =>
  columns.find((column) => column.encoder === encoder && column.model === model);
const beforeOf = (column) => (column?.before == null ? null : columns[column.before]);

/** A metric of an item's map, or null where it is not defined. */
const valueOf = (item, column, metric) =>
  column ? item.values[column.index * metrics.length + metric.index] : null;

/** What a warning makes of an item's map, and why, in a few words each; or null. */
function labelOf(item, column) {
  const packed = column && item.warnings[column.index];
  if (!packed) return null;
  const [verdict, reason] = raw.labels[packed[0]];
  return { verdict, reason, words: `${verdict}: ${reason}` };
}

/** What speaks against trusting an item's map, in words, or null. */
function warningOf(item, column) {
  const packed = column && item.warnings[column.index];
  if (!packed) return null;
  const [template, ...numbers] = packed;
  return raw.warnings[template].split("\0").map((part, i) => part + (numbers[i] ?? "")).join("");
}

/** Whether a map, or the one before it, is not to be trusted: then no verdict is given. */
const doubtful = (item, column) =>
  Boolean(labelOf(item, column) || labelOf(item, beforeOf(column)));

/** By how much a map is better than the one before, or null. */
function gainOf(item, column, metric) {
  const after = valueOf(item, column, metric);
  const before = valueOf(item, beforeOf(column), metric);
  if (after == null || before == null || !metric.better) return null;
  return metric.better === "lower" ? before - after : after - before;
}

const pictureUrl = (item) => `pictures/${item.place}.jpg`;
const mapUrl = (item, column) => `maps/${column.index}/${item.place}.jpg`;
const outlineUrl = (item) => `outlines/${item.place}.png`;
