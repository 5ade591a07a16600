// Draws the figures of the page in its own colours: when they come into view, when these change, and for printing.
(function () {
  "use strict";
  var figures = JSON.parse(document.getElementById("figures").textContent);
  var PAGE_WIDTH = 690; // pixels of a printed page
  var PAPER = { ink: "#000", grid: "#ddd", dark: false };
  var DARK_RANKS = [[0, "#ffd166"], [0.15, "#d8a845"], [0.5, "#6c7684"], [1, "#303a45"]]; // best to worst
  // Named one by one: what Plotly shows by itself has a button that sends the data to its servers.
  var BUTTONS = [["toImage"], ["zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "resetScale2d"]];
  var isDark = window.matchMedia("(prefers-color-scheme: dark)");
  var plots = Array.prototype.slice.call(document.querySelectorAll(".plot"));
  var drawn = [];

  function screen() {
    var css = getComputedStyle(document.documentElement);
    return { ink: css.getPropertyValue("--ink").trim(), grid: css.getPropertyValue("--grid").trim(), dark: isDark.matches };
  }
  function layoutOf(figure, colours, width) {
    var layout = Object.assign({}, figure.layout, { font: Object.assign({}, figure.layout.font, { color: colours.ink }) });
    ["xaxis", "yaxis"].forEach(function (name) {
      layout[name] = Object.assign({ gridcolor: colours.grid, linecolor: colours.grid }, figure.layout[name]);
    });
    layout.modebar = { bgcolor: "rgba(0,0,0,0)", color: colours.ink, activecolor: colours.ink };
    if (width) { layout.width = width; layout.autosize = false; } else { layout.autosize = true; }
    return layout;
  }
  function dataOf(figure, colours) {
    return figure.data.map(function (trace) {
      if (trace.type !== "parcoords") { return trace; }
      var line = colours.dark ? Object.assign({}, trace.line, { colorscale: DARK_RANKS }) : trace.line;
      return Object.assign({}, trace, { line: line, tickfont: { color: colours.ink }, rangefont: { color: "rgba(0,0,0,0)" } });
    });
  }
  function draw(element, colours, width) {
    var figure = figures[element.dataset.figure];
    Plotly.react(element, dataOf(figure, colours), layoutOf(figure, colours, width), {
      responsive: !width, displaylogo: false, plotlyServerURL: "", modeBarButtons: BUTTONS
    });
    if (drawn.indexOf(element) < 0) { drawn.push(element); }
  }

  plots.forEach(function (element) { element.style.minHeight = figures[element.dataset.figure].layout.height + "px"; });
  if ("IntersectionObserver" in window) {
    var watcher = new IntersectionObserver(function (entries) {
      entries.forEach(function (entry) {
        if (entry.isIntersecting) { watcher.unobserve(entry.target); draw(entry.target, screen()); }
      });
    }, { rootMargin: "600px" });
    plots.forEach(function (element) { watcher.observe(element); });
  } else { plots.forEach(function (element) { draw(element, screen()); }); }
  isDark.addEventListener("change", function () { drawn.forEach(function (element) { draw(element, screen()); }); });

  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("details").forEach(function (d) { d.dataset.was = d.open; d.open = true; });
    plots.forEach(function (element) { draw(element, PAPER, element.closest(".grid") ? PAGE_WIDTH / 2 - 12 : PAGE_WIDTH); });
  });
  window.addEventListener("afterprint", function () {
    document.querySelectorAll("details").forEach(function (d) { d.open = d.dataset.was === "true"; });
    plots.forEach(function (element) { draw(element, screen()); });
  });

  // What is to be copied gets a button; without it the text can still be selected.
  if (navigator.clipboard) {
    document.querySelectorAll("#go-on pre, #advice pre").forEach(function (pre) {
      var button = document.createElement("button"), frame = document.createElement("div");
      function say(words) {
        button.textContent = words;
        setTimeout(function () { button.textContent = "Copy"; }, 2000);
      }
      button.type = "button"; button.className = "copy"; button.textContent = "Copy"; frame.className = "code";
      button.addEventListener("click", function () {
        navigator.clipboard.writeText(pre.textContent).then(function () { say("Copied"); }, function () {
          window.getSelection().selectAllChildren(pre); // the browser does not let us: one key is left to press
          say("Press Ctrl+C");
        });
      });
      pre.replaceWith(frame); frame.append(pre, button);
    });
  }
})();
