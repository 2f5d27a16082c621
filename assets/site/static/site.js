// Sorting, filtering, the choice of one section and printing. The pages say everything without this script.
(function () {
  "use strict";
  var root = document.documentElement;
  var comma = root.lang === "vi";
  var collator = new Intl.Collator(root.lang);

  // The first figure in a cell as a number; null where there is none (hidden, nothing to calculate from).
  function figure(text) {
    var found = text.replace("−", "-").match(/-?[0-9][0-9.,]*/);
    if (!found || !/^[^0-9]{0,3}[0-9]/.test(text.trim())) return null;
    var plain = comma ? found[0].replace(/\./g, "").replace(",", ".") : found[0].replace(/,/g, "");
    return parseFloat(plain);
  }

  function sort(table, column, descending) {
    var body = table.tBodies[0];
    var rows = Array.prototype.map.call(body.rows, function (row) {
      var text = row.cells[column].textContent.trim();
      return { row: row, text: text, number: column ? figure(text) : null };
    });
    var numeric = rows.some(function (one) { return one.number !== null; });
    rows.sort(function (a, b) {
      if (!numeric) return (descending ? -1 : 1) * collator.compare(a.text, b.text);
      if (a.number === null || b.number === null) return (a.number === null) - (b.number === null);
      return descending ? b.number - a.number : a.number - b.number;
    });
    rows.forEach(function (one) { body.appendChild(one.row); });
  }

  function sortable(table) {
    Array.prototype.forEach.call(table.tHead.rows[0].cells, function (head, column) {
      var button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      button.title = document.body.dataset.sort;
      head.textContent = "";
      head.appendChild(button);
      button.addEventListener("click", function () {
        var descending = head.getAttribute("aria-sort") === "ascending";
        Array.prototype.forEach.call(table.tHead.rows[0].cells, function (other) { other.removeAttribute("aria-sort"); });
        head.setAttribute("aria-sort", descending ? "descending" : "ascending");
        sort(table, column, descending);
      });
    });
  }

  // Letters without their marks, so that "an my" finds "An Mỹ".
  function plain(text) {
    return text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").replace(/đ/g, "d").replace(/Đ/g, "D").toLowerCase();
  }

  function filterable(table) {
    var tools = table.closest(".table").querySelector(".tools");
    var output = tools.querySelector("output");
    var rows = Array.prototype.map.call(table.tBodies[0].rows, function (row) {
      return { row: row, text: plain(row.textContent) };
    });
    tools.hidden = rows.length < 6;
    tools.querySelector("input").addEventListener("input", function (event) {
      var wanted = plain(event.target.value.trim());
      var shown = 0;
      rows.forEach(function (one) {
        one.row.hidden = wanted !== "" && one.text.indexOf(wanted) < 0;
        shown += one.row.hidden ? 0 : 1;
      });
      output.textContent = wanted ? output.dataset.text.replace("{shown}", shown).replace("{all}", rows.length) : "";
    });
  }

  function choosable(choice) {
    var sections = Array.prototype.filter.call(choice.children, function (child) { return child.tagName === "SECTION"; });
    var group = document.createElement("div");
    group.className = "chooser";
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", choice.dataset.name);
    var buttons = sections.map(function (section) {
      var button = document.createElement("button");
      button.type = "button";
      button.textContent = section.querySelector("h2").textContent;
      button.addEventListener("click", function () { show(section); });
      group.appendChild(button);
      return button;
    });
    function show(wanted) {
      sections.forEach(function (section, place) {
        section.hidden = section !== wanted;
        buttons[place].setAttribute("aria-pressed", String(section === wanted));
      });
    }
    choice.insertBefore(group, choice.firstChild);
    show(sections.filter(function (one) { return "#" + one.querySelector("h2").id === location.hash; })[0] || sections[0]);
  }

  document.querySelectorAll("table[data-tools]").forEach(function (table) {
    if (!table.closest(".states")) sortable(table);
    filterable(table);
  });
  document.querySelectorAll(".choice").forEach(choosable);

  var ways = document.querySelector(".ways");
  if (ways) {
    var print = document.createElement("button");
    print.type = "button";
    print.textContent = document.body.dataset.print;
    print.addEventListener("click", function () { window.print(); });
    ways.insertBefore(print, ways.querySelector(".switch"));
  }
})();
