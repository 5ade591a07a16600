// Draws the figures of the page in its own colours, when they come into view, and again when these change.
(function () {
  "use strict";
  var figures = JSON.parse(document.getElementById("figures").textContent);
  var PAGE_WIDTH = 660; // pixels of a printed page
  var drawn = [];
  function themed(layout) {
    var css = getComputedStyle(document.documentElement);
    var ink = css.getPropertyValue("--ink").trim(), grid = css.getPropertyValue("--grid").trim();
    var made = Object.assign({}, layout, { font: Object.assign({}, layout.font, { color: ink }), autosize: true });
    ["xaxis", "yaxis"].forEach(function (name) {
      if (layout[name]) made[name] = Object.assign({ gridcolor: grid, linecolor: grid }, layout[name]);
    });
    return made;
  }
  function draw(element) {
    var figure = figures[element.dataset.figure];
    Plotly.react(element, figure.data, themed(figure.layout), { responsive: true, displaylogo: false, modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"] });
    if (drawn.indexOf(element) < 0) drawn.push(element);
  }
  var plots = Array.prototype.slice.call(document.querySelectorAll(".plot"));
  plots.forEach(function (element) { element.style.minHeight = figures[element.dataset.figure].layout.height + "px"; });
  if ("IntersectionObserver" in window) {
    var watcher = new IntersectionObserver(function (entries) {
      entries.forEach(function (entry) { if (entry.isIntersecting) { watcher.unobserve(entry.target); draw(entry.target); } });
    }, { rootMargin: "600px" });
    plots.forEach(function (element) { watcher.observe(element); });
  } else { plots.forEach(draw); }
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", function () { drawn.forEach(draw); });
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("details").forEach(function (d) { d.dataset.was = d.open; d.open = true; });
    plots.forEach(function (element) {
      draw(element);
      Plotly.relayout(element, { width: element.closest(".grid") ? PAGE_WIDTH / 2 - 12 : PAGE_WIDTH, "font.color": "#000" });
    });
  });
  window.addEventListener("afterprint", function () {
    document.querySelectorAll("details").forEach(function (d) { d.open = d.dataset.was === "true"; });
    plots.forEach(function (element) { Plotly.relayout(element, { width: null, autosize: true }); draw(element); });
  });
})();
