// Elements and numbers. Text from the data only ever becomes a text node or an attribute.
const $ = (id) => document.getElementById(id);

/** Make an element: `el("p.quiet", {title: "..."}, "text", child)`. */
function el(name, attributes = {}, ...children) {
  const [tag, ...classes] = name.split(".");
  const made = document.createElement(tag);
  if (classes.length) made.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(key, "");
    else if (value != null && value !== false) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child != null && child !== false));
  return made;
}
/** Text of unknown direction, kept from changing what stands around it. */
const bdi = (text) => el("bdi", {}, text);

/** A line of advice, in which options stay in one piece. */
const advice = (text) => text.split(/(--[\w-]{1,24}(?: \w{1,24})?)/).map((part, i) => (i % 2 ? el("span.option", {}, part) : part));

/** Texts in a row, points between them. */
const dotted = (texts) => texts.flatMap((text, i) => [i ? " · " : "", bdi(text)]);

function shown(value) {
  if (value == null) return "–";
  const size = Math.abs(value);
  let text;
  if (size !== 0 && size < 0.00095) text = value.toExponential(0).replace("e-", "e−");
  else if (size !== 0 && size < 0.0095) text = value.toPrecision(1);
  else text = size >= 100 ? value.toFixed(0) : value.toFixed(2);
  return text.replace(/^-/, "−");
}
const signed = (value) => (value > 0 ? `+${shown(value)}` : shown(value));
const percent = (share) => `${Math.round(100 * share)} %`;

/** A metric before and after, with the verdict where both maps can be trusted. */
function changeOf(item, map, metric) {
  const before = valueOf(item, beforeOf(map), metric);
  const after = valueOf(item, map, metric);
  if (before == null || after == null) return { before, after, delta: null, verdict: null };
  const delta = after - before;
  let verdict = null;
  if (metric.better && !doubtful(item, map)) {
    // As far as the digits shown tell.
    const same = shown(before) === shown(after);
    verdict = same ? "same" : (delta > 0) === (metric.better === "higher") ? "better" : "worse";
  }
  return { before, after, delta, verdict };
}

const plural = (count, one, many = `${one}s`) => `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
const say = (text) => { $("status").textContent = text; };
