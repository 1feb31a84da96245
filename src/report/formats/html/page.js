"use strict";
(() => {
  const make = (name, properties, ...children) => {
    const element = Object.assign(document.createElement(name), properties);
    element.append(...children);
    return element;
  };
  const copy = async (list) => {
    try {
      await navigator.clipboard.writeText(list.textContent + "\n");
    } catch {
      const range = document.createRange();
      range.selectNodeContents(list);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      return document.execCommand("copy");
    }
    return true;
  };
  for (const list of document.querySelectorAll("pre[id^='ids-']")) {
    const button = make("button", { type: "button", textContent: "Copy the ids" });
    button.addEventListener("click", async () => {
      button.textContent = (await copy(list)) ? "Copied" : "Selected: press Ctrl+C";
    });
    list.before(button);
  }
  const table = document.getElementById("open-orders");
  if (!table) return;
  const orders = [...table.tBodies].map((body, rank) => {
    const cell = body.querySelector("[data-amount]");
    const text = body.textContent.toLowerCase();
    const { amount, age, currency } = cell.dataset;
    return { body, rank, text, currency, amount: Number(amount), age: Number(age) };
  });
  const filter = make("input", { type: "search", placeholder: "id, kind, status, who" });
  const sort = make("select", {});
  for (const [value, words] of [
    ["rank", "most urgent first"], ["amount", "largest first"], ["age", "oldest first"],
  ]) sort.append(make("option", { value, textContent: words }));
  const found = make("output", {});
  const show = () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const order of orders) {
      order.body.hidden = !words.every((word) => order.text.includes(word));
      count += order.body.hidden ? 0 : 1;
    }
    found.textContent = words.length ? `${count} of ${orders.length} orders shown` : "";
  };
  filter.addEventListener("input", show);
  sort.addEventListener("change", () => {
    const by = sort.value;
    const currency = (a, b) => (a.currency < b.currency ? -1 : Number(a.currency > b.currency));
    orders.sort((a, b) => (by === "amount" && currency(a, b))
      || (by === "rank" ? 0 : b[by] - a[by]) || a.rank - b.rank);
    table.append(...orders.map((order) => order.body));
  });
  table.parentElement.before(make("div", { className: "tools" },
    make("label", {}, "Filter ", filter), make("label", {}, "Order ", sort), found));
  const reveal = () => {
    const target = location.hash && document.getElementById(location.hash.slice(1));
    const body = target && target.closest("tbody.order");
    if (body && body.hidden) {
      filter.value = "";
      show();
      target.scrollIntoView();
    }
  };
  addEventListener("hashchange", reveal);
})();
