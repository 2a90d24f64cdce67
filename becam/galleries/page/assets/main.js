// From the state to the page, and from the address to the state.

// A browser may forbid storage to a file: then nothing is kept.
function kept(key) {
  try { return localStorage.getItem(`becam-${key}`); } catch { return null; }
}
function keep(key, value) {
  try { localStorage.setItem(`becam-${key}`, value); } catch { /* not kept */ }
}

const dark = matchMedia("(prefers-color-scheme: dark)");
const themeNow = () => document.documentElement.dataset.theme ?? (dark.matches ? "dark" : "light");
function syncTheme() {
  const other = themeNow() === "dark" ? "light" : "dark";
  $("theme").textContent = other === "dark" ? "☾" : "☀";
  $("theme").setAttribute("aria-label", `Use ${other} colours`);
  $("theme").title = `Use ${other} colours (t)`;
}
function turnTheme() {
  const other = themeNow() === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = other;
  keep("theme", other);
  syncTheme();
}

/** Change the state. A choice is a step back in the history; typing and sliding are not. */
function set(patch, { push = !detail.open, redraw = true } = {}) {
  state = { ...state, ...patch };
  const fragment = fragmentOf(state);
  // The same address is no step back.
  if (push && fragment !== location.hash) history.pushState(null, "", fragment);
  else history.replaceState(history.state, "", fragment);
  show(redraw);
}

let shownAs = "";
/** Show the state; the grid only where its content changed. */
function show(redraw = true) {
  syncToolbar();
  if (!redraw) return;
  const { item, left, opacity, ...rest } = state;
  const key = JSON.stringify(rest);
  if (key !== shownAs) {
    shownAs = key;
    refreshGrid();
    summarise();
    const none = !chosen.length;
    $("empty").hidden = !none;
    $("empty-text").textContent = items.length
      ? `No item matches${state.q.trim() ? ` “${state.q.trim()}”` : ""}.` : "This gallery has no items.";
    $("clear").hidden = !items.length;
  }
  showDetail();
}

function openItem(item) {
  state = { ...state, item };
  history.pushState({ opened: true }, "", fragmentOf(state));
  show();
}

let carried = null;
/** Close the item: one step back where it was opened from here, with what was chosen since. */
function closeItem() {
  const item = state.item;
  if (!item) return;
  state = { ...state, item: null };
  if (history.state?.opened) {
    carried = state;
    history.back();
  } else history.replaceState(null, "", fragmentOf(state));
  show();
  focusItem(item);
}

/** Take the state from the address: at the start, and when the reader goes back. */
function readAddress() {
  if (carried) {
    history.replaceState(history.state, "", fragmentOf(carried));
    carried = null;
    return;
  }
  const item = state.item;
  const [found, unknown] = readFragment(location.hash);
  state = found;
  $("toast").hidden = !unknown.length;
  $("toast").textContent = `Not in this gallery: ${unknown.join(", ")}.`;
  show();
  if (item && !state.item) focusItem(item);
}

grid.addEventListener("click", (event) => {
  const element = event.target.closest(".card");
  // With a key held, a link opens elsewhere as links do.
  if (!element || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  openItem(items[element.dataset.item]);
});

const theme = kept("theme");
if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
dark.addEventListener("change", syncTheme);
$("theme").addEventListener("click", turnTheme);
syncTheme();
fillToolbar();
fillLegends();
fillAbout();
fillHelp();
listenToToolbar();
listenToDetail();
listenToSheets();
addEventListener("keydown", onKey);
addEventListener("popstate", readAddress);
if (!items.length) $("bar").hidden = true;
readAddress();
