// Tables that sort, files that are saved, paper with everything unfolded; without it, all is still there to be read.
(() => {
  "use strict";
  document.documentElement.classList.add("js");
  const order = new Intl.Collator("en", { numeric: true });

  // What is missing stands last in either direction; equals keep their places.
  function sorted(rows, place, descending) {
    const keys = new Map(rows.map((row) => [row, row.cells[place].dataset.sort]));
    const known = rows.filter((row) => keys.get(row) !== "");
    const numeric = known.every((row) => !Number.isNaN(Number(keys.get(row))));
    const value = (row) => Number(keys.get(row));
    const compare = numeric
      ? (a, b) => (value(a) > value(b)) - (value(a) < value(b))
      : (a, b) => order.compare(keys.get(a), keys.get(b));
    known.sort((a, b) => (descending ? compare(b, a) : compare(a, b)));
    return [...known, ...rows.filter((row) => keys.get(row) === "")];
  }

  for (const table of document.querySelectorAll("table")) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, place) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      head.classList.add("sorted");
      button.addEventListener("click", () => {
        const descending = head.getAttribute("aria-sort") === "ascending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", descending ? "descending" : "ascending");
        const body = table.tBodies[0];
        body.append(...sorted([...body.rows], place, descending));
      });
    });
  }

  // Paper has everything unfolded, but figures that nobody has looked at yet: they are not loaded, and it does not wait.
  for (const image of document.querySelectorAll("img[loading=lazy]")) {
    image.addEventListener("load", () => image.removeAttribute("loading"));
  }
  let unfolded = [];
  addEventListener("beforeprint", () => {
    unfolded = [...document.querySelectorAll("details:not([open])")];
    unfolded.forEach((part) => { part.open = true; });
  });
  addEventListener("afterprint", () => unfolded.forEach((part) => { part.open = false; }));

  // A configuration goes to the clipboard, or is at least selected where a browser keeps that to itself.
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button.copy");
    if (!button) return;
    const code = button.parentNode.querySelector("code");
    try {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(code);
      button.textContent = document.execCommand("copy") ? "Copied" : "Selected";
    }
  });

  // Browsers follow long data addresses no further than two megabytes, but save a blob of any length.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a.file");
    if (!link || !("shown" in link.dataset || link.getAttribute("href").startsWith("data:"))) return;
    event.preventDefault();
    const source = "shown" in link.dataset
      ? link.closest("figure").querySelector("img").getAttribute("src")
      : link.getAttribute("href");
    const [, mime, content] = /^data:(.*);base64,(.*)$/s.exec(source);
    const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
    const saved = document.createElement("a");
    saved.download = link.download;
    saved.href = URL.createObjectURL(new Blob([bytes], { type: mime }));
    saved.click();
    setTimeout(() => URL.revokeObjectURL(saved.href), 60000);
  });
})();
