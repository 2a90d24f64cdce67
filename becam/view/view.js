// Turns the two static pictures of a view into one with a slider. It runs as the `onload` of the
// first of them, since a script element that is put into a page by innerHTML never runs.
// Everything is made of elements and text: no HTML is parsed, so nothing needs to be trusted.
(function (image) {
  const root = image.closest("[data-becam-view]");
  if (!root || root.shadowRoot) return;
  const data = JSON.parse(root.dataset.becamView);

  function element(tag, properties, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(properties || {})) {
      if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
      else made.setAttribute(name, value);
    }
    made.append(...children);
    return made;
  }

  function drawing(tag, properties, ...children) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(properties)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  }

  function layer(address, kind) {
    return element("img", { src: address, alt: "", class: kind, draggable: "false" });
  }

  const two = data.sides.length === 2;
  const heats = data.sides.map((side) => layer(side.heat, side.doubt ? "heat doubtful" : "heat"));
  // A map that is no explanation is pale and striped, so that nobody takes it for one.
  const stripes = data.sides.map((side) => side.doubt && element("div", { class: "stripes" }));
  const photo = layer(data.photo, "grey");
  const divider = element("div", { class: "divider" });
  const lines = drawing(
    "svg",
    { class: "outline", viewBox: `0 0 ${data.width} ${data.height}`, "aria-hidden": "true" },
    drawing("path", { d: data.outline, class: "halo" }),
    drawing("path", { d: data.outline, class: "line" }),
  );
  // Above the picture, which is seen whole.
  const tags = element("div", { class: "tags", "aria-hidden": "true" }, ...data.sides.map((side) =>
    element("span", {}, side.label, ...(side.doubt ? [element("b", {}, `⚠ ${side.doubt}`)] : []))));
  const stage = element("div", { class: "stage", role: "img", "aria-label": data.words },
    photo, ...heats, ...stripes.filter(Boolean), ...(data.outline ? [lines] : []),
    ...(two ? [divider] : []));

  function slider(label, value, change) {
    const input = element("input", {
      type: "range", min: "0", max: "100", step: "1", value: String(value),
      oninput: () => change(Number(input.value), input),
    });
    change(value, input);
    return [input, element("label", {}, element("span", {}, label), input)];
  }

  function box(label, checked, change) {
    const input = element("input", { type: "checkbox", onchange: () => change(input.checked) });
    input.checked = checked;
    change(checked);
    return element("label", { class: "box" }, input, element("span", {}, label));
  }

  const controls = element("div", { class: "controls" });
  if (two) {
    const [input, label] = slider("before ◂▸ after", 50, (at, own) => {
      for (const each of [heats[0], stripes[0]]) {
        if (each) each.style.clipPath = `inset(0 ${100 - at}% 0 0)`;
      }
      for (const each of [heats[1], stripes[1]]) {
        if (each) each.style.clipPath = `inset(0 0 0 ${at}%)`;
      }
      divider.style.left = `${at}%`;
      own.setAttribute("aria-valuetext", `${at} % from the left before, the rest after`);
    });
    const follow = (event) => {
      const place = stage.getBoundingClientRect();
      const at = Math.round((100 * (event.clientX - place.left)) / place.width);
      input.value = String(Math.min(Math.max(at, 0), 100));
      input.dispatchEvent(new Event("input"));
    };
    stage.addEventListener("pointerdown", (event) => {
      stage.setPointerCapture(event.pointerId);
      follow(event);
    });
    stage.addEventListener("pointermove", (event) => {
      if (stage.hasPointerCapture(event.pointerId)) follow(event);
    });
    controls.append(label);
  }
  controls.append(slider("map's opacity", data.opacity, (at, own) => {
    for (const each of heats) each.style.opacity = String(at / 100);
    own.setAttribute("aria-valuetext", `${at} %`);
  })[1]);
  if (data.outline) {
    controls.append(box("product's outline", true, (on) => {
      lines.style.display = on ? "" : "none";
    }));
  }
  controls.append(box("picture in colour", false, (on) => {
    photo.className = on ? "" : "grey";
  }));

  const bar = element("span", { class: "scale", "aria-hidden": "true" });
  bar.style.background = `linear-gradient(to right, ${data.scale.stops.join(", ")})`;
  const legend = element("div", { class: "legend" },
    data.scale.low, bar, data.scale.high, element("span", {}, data.about_scale));

  const table = element("table", {},
    element("tr", {}, element("td", {}),
      ...data.sides.map((side) => element("th", { scope: "col" }, side.label))),
    ...data.rows.map((row) => element("tr", {}, element("th", { scope: "row" }, row[0]),
      ...row.slice(1).map((value) => element("td", {}, value)))));
  // Options stay in one piece.
  const warnings = data.warnings.map((text) => element("p", { class: "warning" },
    ...text.split(/(--[\w-]{1,24}(?: \w{1,24})?)/).map((part, i) =>
      i % 2 ? element("span", { class: "option" }, part) : part)));
  const style = element("style", {}, data.style);
  const whole = element("div", { class: "view", role: "group", "aria-label": data.title },
    element("div", { class: "title" }, data.title), tags, stage, legend, controls, table, ...warnings);
  whole.style.maxWidth = `${data.across}px`;
  stage.style.aspectRatio = `${data.width} / ${data.height}`;
  root.attachShadow({ mode: "open" }).append(style, whole);
})(this);
