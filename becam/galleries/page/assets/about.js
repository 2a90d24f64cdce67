// Settings, provenance, failures, figures.
const GLOSSARY = {
  drift: "share of the heat (what exceeds the map’s mean) outside the product",
  omission: "share of the product at or below the map’s mean; never read drift without it",
  auc: "chance that a pixel of the product is hotter than one outside; 0.5 is chance",
  spread: "standard deviation of the weights over the channels; near 0, against their mean, the weights say nothing",
  distance: "1 − correlation with the unweighted activation map; near 0 the map is just that",
  content: "how much the adapter’s output depends on the content: 1 as without it, 0 not at all",
};

/** A settings' value as text or nested lists, whatever its kind. */
function settingOf(value) {
  if (value === null || value === undefined) return "–";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value)) {
    if (value.every((one) => typeof one !== "object")) return bdi(value.join(", "));
    return el("ul", {}, ...value.map((one) => el("li", {}, settingOf(one))));
  }
  if (typeof value === "object") {
    return el("dl", {}, ...Object.entries(value).flatMap(([key, one]) =>
      [el("dt", {}, bdi(key)), el("dd", {}, settingOf(one))]));
  }
  return bdi(typeof value === "number" && !Number.isInteger(value) ? String(+value.toPrecision(4)) : String(value));
}

const encoded = (path) => path.split("/").map(encodeURIComponent).join("/");
const SETTING_NAMES = { limit: "end of the colour scale, in standard deviations", simulated: "simulated behaviour" };

function fillAbout() {
  const { notes = [], ...settings } = raw.about;
  $("provenance").replaceChildren(...dotted(headline()));
  for (const metric of metrics) {
    const words = [GLOSSARY[metric.key], metric.better && `${metric.better} is better`].filter(Boolean).join("; ");
    if (words) $("glossary").append(el("dt", {}, metric.label), el("dd", {}, words));
  }
  const entries = [["gallery", raw.name], ...Object.entries(settings),
    ["models", [...new Set(columns.map((one) => one.model))]], ["encoders", encoders], ["becam", raw.becam]];
  $("settings").append(el("table.settings", {}, el("tbody", {}, ...entries.map(([key, value]) =>
    el("tr", {}, el("th", { scope: "row" }, SETTING_NAMES[key] ?? key), el("td", {}, settingOf(value)))))));
  for (const note of [notes].flat()) $("settings").append(el("p.note", {}, String(note)));
  fillFigures();
  $("failures").hidden = !raw.failures.length;
  for (const [id, message] of raw.failures) {
    $("failures-rows").append(el("tr", {}, el("th", { scope: "row" }, bdi(id)), el("td", {}, bdi(message))));
  }
  $("open-failures").hidden = !raw.failures.length;
  $("open-failures").textContent = `⚠ ${plural(raw.failures.length, "item")} failed`;
}

/** The settings that nobody must miss, in one line. */
function headline() {
  const { data, simulated, seed, score, fill, weighting, method } = raw.about;
  const text = (name, value) => (value === undefined || value === null || typeof value === "object" ? null : `${name} ${value}`);
  return [text("data", data), simulated ? "simulated behaviour" : null,
    encoders.length === 1 ? encoders[0] : null, text("method", method), score === "cosine" ? null : text("score", score),
    text("fill", fill),
    text("weighting", weighting), text("seed", seed)].filter(Boolean);
}

/** The gallery's figures: what a browser can draw is seen, and every format has a link. */
function fillFigures() {
  const stems = new Map();
  for (const path of raw.figures) {
    const stem = path.replace(/\.\w+$/, "");
    stems.set(stem, [...(stems.get(stem) ?? []), path]);
  }
  for (const [stem, paths] of stems) {
    const drawn = paths.find((path) => /\.(svg|png)$/i.test(path));
    $("figures").append(el("figure", {},
      drawn && el("img", { src: encoded(drawn), alt: `Figure ${stem}`, loading: "lazy" }),
      el("figcaption", {}, ...paths.map((path) => el("a", { href: encoded(path) }, path)))));
  }
  const own = items.filter((item) => item.figures.length).length;
  if (own) $("figures").append(el("p", {},
    `${plural(own, "item")} ${own === 1 ? "has a figure of its" : "have figures of their"} own: open an item for its files.`));
  $("open-figures").hidden = !raw.figures.length && !own;
}

function openSheet(id, heading) {
  $(id).showModal();
  document.documentElement.classList.add("locked");
  const focused = heading ?? $(id).querySelector("h2");
  focused.focus();
  focused.scrollIntoView({ block: "nearest" });
}

function listenToSheets() {
  $("open-about").addEventListener("click", () => openSheet("about"));
  $("open-figures").addEventListener("click", () => openSheet("figures-sheet"));
  $("open-failures").addEventListener("click", () => openSheet("about", $("failures-title")));
  $("open-help").addEventListener("click", () => openSheet("help"));
  for (const sheet of document.querySelectorAll("dialog.sheet")) {
    sheet.querySelector("[data-close]").addEventListener("click", () => sheet.close());
    sheet.addEventListener("close", () => {
      if (!detail.open) document.documentElement.classList.remove("locked");
    });
    // A click beside the sheet closes it.
    sheet.addEventListener("click", (event) => { if (event.target === sheet) sheet.close(); });
  }
}
