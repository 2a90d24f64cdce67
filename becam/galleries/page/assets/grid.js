// The cards near the window, and no others: 2,000 items cost no more than 20.
const grid = $("grid");
const GAP = 20;
const narrowest = (space) =>
  ({ both: 296, all: Infinity })[state.view] ?? (space < 500 ? 148 : 172);  // pixels of a card
let chosen = [];
let layout = { across: 1, width: 0, step: 1 };
const cards = new Map();  // position -> element
let flagged = false;  // whether any map in view has a warning: then all have room for its label

/** For each map in view, the longest label that any of the items has there. */
const longestLabels = () => tilesInView().map((map) => chosen.reduce((longest, item) => {
  const label = labelOf(item, map);
  return label && label.words.length > (longest?.words.length ?? 0) ? label : longest;
}, null));

function measure() {
  const space = grid.clientWidth;
  if (!chosen.length || !space) return;
  const narrow = Math.min(narrowest(space), space);
  const across = Math.max(1, Math.min(Math.floor((space + GAP) / (narrow + GAP)), 12));
  const width = Math.floor((space - GAP * (across - 1)) / across);
  grid.style.setProperty("--card", `${width}px`);
  // All cards have the same rows, so one tells the height of all: that with the longest labels.
  const labels = longestLabels();
  flagged = labels.some(Boolean);
  const probe = card(chosen[0], 0, 1, labels);
  probe.querySelectorAll("img").forEach((one) => one.remove());
  probe.style.visibility = "hidden";
  grid.style.removeProperty("--flag");
  grid.append(probe);
  const flags = [...probe.querySelectorAll(".flag")].map((one) => one.offsetHeight);
  // Cards beside each other keep their lines level; with all models there is one in a row.
  if (flagged && state.view !== "all") grid.style.setProperty("--flag", `${Math.max(...flags)}px`);
  const step = Math.ceil(probe.offsetHeight) + GAP;
  probe.remove();
  layout = { across, width, step };
  grid.style.height = `${Math.ceil(chosen.length / across) * step - GAP}px`;
}

function place(element, position) {
  const { across, width, step } = layout;
  const x = (position % across) * (width + GAP);
  const y = Math.floor(position / across) * step;
  element.style.transform = `translate(${x}px, ${y}px)`;
}

/** The positions of the rows beside the focused card: the next Tab must find a card there. */
function besideFocus() {
  const focused = document.activeElement?.closest?.(".card");
  for (const [position, element] of cards) {
    if (element !== focused) continue;
    const { across } = layout;
    const row = Math.floor(position / across);
    return [Math.max(0, row - 2) * across, Math.min(chosen.length, (row + 3) * across)];
  }
  return [0, 0];
}

/** Put the cards near the window on the page, in order, and take the others off. */
function draw() {
  const { across, step } = layout;
  const top = -grid.getBoundingClientRect().top;
  const spare = Math.max(innerHeight * 0.6, 240);
  const first = Math.max(0, Math.floor((top - spare) / step)) * across;
  const last = Math.min(chosen.length, Math.ceil((top + innerHeight + spare) / step) * across);
  // The focused card stays, and what is beside it: whoever tabs on goes on from it.
  const [from, to] = besideFocus();
  for (const [position, element] of cards) {
    const near = position >= first && position < last;
    if (!near && !(position >= from && position < to)) {
      element.remove();
      cards.delete(position);
    }
  }
  fill(first, last);
  fill(from, to);
}

function fill(first, last) {
  for (let position = first; position < last; position += 1) {
    if (cards.has(position)) continue;
    const made = card(chosen[position], position, chosen.length);
    place(made, position);
    cards.set(position, made);
    const later = [...cards.keys()].filter((other) => other > position);
    grid.insertBefore(made, later.length ? cards.get(Math.min(...later)) : null);
  }
}

let drawing = 0;
const drawSoon = () => {
  drawing ||= requestAnimationFrame(() => { drawing = 0; draw(); });
};

/** Lay the grid out anew; the focused item keeps the focus. */
function refreshGrid() {
  const focused = document.activeElement?.closest?.(".card")?.dataset.item;
  chosen = chosenItems();
  cards.clear();
  grid.replaceChildren();
  grid.hidden = !chosen.length;
  measure();
  draw();
  if (focused !== undefined) focusItem(items[focused], { scroll: false });
}

/** Bring an item's card on the page and focus it. */
function focusItem(item, { scroll = true } = {}) {
  const position = chosen.indexOf(item);
  if (position < 0) return false;
  if (!cards.has(position)) {
    const y = Math.floor(position / layout.across) * layout.step;
    if (!scroll) return false;
    scrollTo({ top: grid.getBoundingClientRect().top + scrollY + y - innerHeight / 3, behavior: "instant" });
    draw();
  }
  const link = cards.get(position)?.querySelector("a");
  link?.focus({ preventScroll: !scroll });
  return Boolean(link);
}

/** Move the focus among cards by arrow keys. */
function moveFocus(from, key) {
  const at = chosen.indexOf(from);
  const steps = {
    ArrowLeft: -1, ArrowRight: 1, ArrowUp: -layout.across, ArrowDown: layout.across,
    Home: -at, End: chosen.length - 1 - at,
  };
  const target = chosen[at + steps[key]];
  if (target) focusItem(target);
  return Boolean(target);
}

addEventListener("scroll", drawSoon, { passive: true });
// At once: the next Tab may come before the next frame.
grid.addEventListener("focusin", () => fill(...besideFocus()));
let widthBefore = 0;
new ResizeObserver(() => {
  if (grid.clientWidth === widthBefore) return drawSoon();
  widthBefore = grid.clientWidth;
  refreshGrid();
}).observe(grid.parentElement);
