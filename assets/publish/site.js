(function () {
  document.documentElement.classList.add("js");
  var links = document.querySelectorAll(".switch a");
  function show(language) {
    document.querySelectorAll(".edition").forEach(function (edition) {
      edition.classList.toggle("shown", edition.lang === language);
      if (edition.lang === language) document.title = edition.dataset.title;
    });
    links.forEach(function (link) { link.setAttribute("aria-current", String(link.lang === language)); });
    document.documentElement.lang = language;
  }
  function wanted() {
    var edition = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    edition = edition && edition.closest(".edition");
    return edition ? edition.lang : null;
  }
  links.forEach(function (link) {
    link.addEventListener("click", function (event) {
      event.preventDefault();
      show(link.lang);
      history.replaceState(null, "", "#" + link.lang);
    });
  });
  window.addEventListener("hashchange", function () { if (wanted()) show(wanted()); });
  if (wanted()) show(wanted());
})();
