// Sorts a table by the column whose heading is pressed. The page is whole without it.
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const heads = [...[...table.tHead.rows].pop().cells];  // above them may stand headings of groups
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.title = "Sort by this column";
    head.append(button);
    button.addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") === "descending" || !head.classList.contains("number") && head.getAttribute("aria-sort") !== "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const key = row => row.cells[column].dataset.key ?? row.cells[column].textContent;
      const numeric = head.classList.contains("number");
      const rows = [...body.rows];
      rows.sort((a, b) => {
        const [x, y] = [key(a), key(b)];
        if (!numeric) return up ? x.localeCompare(y) : y.localeCompare(x);
        const [p, q] = [parseFloat(x), parseFloat(y)];
        // What has no number stands last either way.
        if (isNaN(p) || isNaN(q)) return isNaN(p) - isNaN(q);
        return up ? p - q : q - p;
      });
      body.append(...rows);
    });
  });
}
