// The keyboard. Letters work alone, unless they are turned off in the help.
const typing = (target) => target.matches?.("input:not([type=range],[type=checkbox],[type=radio]), select, textarea");
const sheetOpen = () => document.querySelector("dialog.sheet[open]");

const cycle = (values, value, step = 1) => values[(values.indexOf(value) + step + values.length) % values.length];

const KEYS = [
  ["←  →", "in the grid: previous, next card; with an item open: previous, next item; on the divider: move it"],
  ["↑  ↓  Home  End", "in the grid: other cards"],
  ["Enter", "open the item"],
  ["Esc", "close; in the search: clear it"],
  ["/", "search", () => { if (!detail.open) { $("q").focus(); $("q").select(); } }],
  ["?", "this list", () => openSheet("help")],
  ["m", "next model", () => set({ model: cycle(columnsOf(state.encoder).map((one) => one.model), state.model) })],
  ["e", "next encoder", () => chooseEncoder(cycle(encoders, state.encoder))],
  ["v", "next view of the grid", () => { if (!detail.open) set({ view: cycle(viewsAtHand(), state.view) }); }],
  ["f", "with an item open: flip between the two sides", () => { if (detail.open) slide(Number($("split").value) >= 50 ? 0 : 100); }],
  ["o", "product outline", () => { if (hasOutlines) set({ outline: !state.outline }, { push: false }); }],
  ["+  −", "more, less heat", null],
  ["t", "light or dark", () => turnTheme()],
];
const ACTIONS = new Map(KEYS.filter(([, , act]) => act).map(([key, , act]) => [key, act]));
ACTIONS.set("+", () => set({ opacity: Math.min(100, state.opacity + 10) }, { push: false, redraw: false }));
ACTIONS.set("-", () => set({ opacity: Math.max(0, state.opacity - 10) }, { push: false, redraw: false }));

const viewsAtHand = () => VIEWS.filter((view) =>
  !$("view").querySelector(`[value=${view}]`).closest("label").hidden);

function fillHelp() {
  for (const [key, words] of KEYS) {
    const names = key.split(/\s{2,}/).flatMap((name, i) => [i ? " " : "", el("kbd", {}, name)]);
    $("keys").tBodies[0].append(el("tr", {}, el("th", { scope: "row" }, ...names), el("td", {}, words)));
  }
  const box = $("single-keys");
  box.checked = kept("single-keys") !== "off";
  box.addEventListener("change", () => keep("single-keys", box.checked ? "on" : "off"));
}

function onKey(event) {
  const { key, target } = event;
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (key === "Escape" && target === $("q")) {
    if (state.q) set({ q: "" }, { push: false });
    else target.blur();
    event.preventDefault();
    return;
  }
  if (typing(target) || sheetOpen()) return;
  const inControl = target.matches?.("input");
  if (detail.open && !inControl && (key === "ArrowLeft" || key === "ArrowRight")) {
    turn(key === "ArrowLeft" ? -1 : 1);
    event.preventDefault();
    return;
  }
  const focused = !detail.open && target.closest?.(".card");
  if (focused && /^(Arrow|Home$|End$)/.test(key)) {
    if (moveFocus(items[focused.dataset.item], key)) event.preventDefault();
    return;
  }
  const act = ACTIONS.get(key);
  if (act && $("single-keys").checked) {
    act();
    event.preventDefault();
  }
}
