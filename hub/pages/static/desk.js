// What the pages do beyond HTML: lists that refresh without jumping, keys, drafts, the page viewer. Every page works without it.
"use strict";
(() => {
  const all = (selector, inside = document) => [...inside.querySelectorAll(selector)];
  const one = (selector, inside = document) => inside.querySelector(selector);
  const token = () => one("meta[name=form-token]").content;
  const REFRESH_MS = 10000, AUTOSAVE_MS = 1500, PRESENT_MS = 20000, SENT_MS = 5000;

  // Enter that ends a Chinese input method's word must never send a form (keyCode 229: Safari ends composing too early).
  document.addEventListener("keydown", event => {
    if (event.key === "Enter" && (event.isComposing || event.keyCode === 229)) event.stopPropagation();
    if (event.key === "Enter" && (event.isComposing || event.keyCode === 229) && event.target.tagName !== "TEXTAREA") event.preventDefault();
  }, true);

  // The session is over: say so once, on top, and leave everything as it is.
  const expired = () => {
    if (one(".bar-expired")) return;
    const bar = document.createElement("p"), link = document.createElement("a");
    bar.className = "bar bar-bad bar-expired"; bar.setAttribute("role", "alert");
    bar.append("E901 " + document.body.dataset.expired + " ");
    link.href = "/sign-in?expired=1&next=" + encodeURIComponent(location.pathname + location.search); link.textContent = document.body.dataset.signIn;
    bar.append(link); one("main").prepend(bar); bar.scrollIntoView({block: "nearest"});
  };

  // Lists that refresh by themselves, unless the mouse is over them or the keyboard in them: then they say that there is news.
  const note = (live, text, show) => {
    const bar = one(".live-note", live);
    bar.hidden = !text; bar.textContent = text || "";
    if (show) { const button = document.createElement("button"); button.type = "button"; button.textContent = live.dataset.show; button.addEventListener("click", show); bar.append(" ", button); }
  };
  let pointed = false;
  document.addEventListener("pointermove", event => { pointed = Boolean(event.target.closest && event.target.closest(".live")); });
  document.addEventListener("pointerleave", () => { pointed = false; });
  const chosenCase = () => one(".case-row.is-chosen")?.dataset.case;
  let chosenBefore = null;
  const freshen = () => {
    const part = one("[data-refresh]");
    if (!part || document.hidden) return;
    const live = part.closest(".live");
    // The navigation is made anew with the list: whoever is in it by keyboard stays there.
    const held = pointed || one("input:checked", part) || [live, one(".places")].some(each => each?.contains(document.activeElement));
    if (held) return look(live, part);
    window.htmx?.trigger(part, "refresh");
  };
  // Held back, a list says that there is news and waits to be asked.
  const look = async (live, part) => {
    if (!part.dataset.version) return;
    try {
      const answer = await fetch(part.getAttribute("hx-get"));
      if (answer.status === 401) return expired();
      const fresh = answer.ok && one("[data-version]", new DOMParser().parseFromString(await answer.text(), "text/html"));
      if (fresh && fresh.dataset.version !== part.dataset.version) note(live, live.dataset.held, () => window.htmx?.trigger(one("[data-refresh]"), "refresh"));
    } catch { note(live, live.dataset.failed.replace("{at}", part.dataset.at)); }
  };
  setInterval(freshen, REFRESH_MS);
  document.addEventListener("htmx:beforeSwap", event => {
    if (event.detail.target?.matches?.("[data-refresh]")) chosenBefore = chosenCase();
  });
  document.addEventListener("htmx:afterSwap", () => {
    const live = one(".live"); if (live) note(live, "");
    const part = one("[data-refresh][data-unread]");
    if (part) document.title = (Number(part.dataset.unread) ? `(${part.dataset.unread}) ` : "") + document.title.replace(/^\(\d+\) /, "");
    if (chosenBefore) { const row = one(`.case-row[data-case="${chosenBefore}"]`); if (row) row.classList.add("is-chosen"); chosenBefore = null; }
    all("[data-viewer]").forEach(viewer);
  });
  const failed = event => {
    if (event.detail.xhr?.status === 401) return expired();
    const live = one(".live"), part = one("[data-refresh]");
    if (live && part) note(live, live.dataset.failed.replace("{at}", part.dataset.at));
  };
  document.addEventListener("htmx:responseError", failed);
  document.addEventListener("htmx:sendError", failed);

  // Rows are pressed anywhere; keys J K Space C R ? work where nobody is typing.
  document.addEventListener("click", event => {
    const row = event.target.closest(".case-row");
    if (row && !event.target.closest("a, button, input, label") && !String(getSelection())) location.href = one(".case-link", row).href;
    const printed = event.target.closest("[data-print]");
    // Some pages print one part of themselves: the seal-use register without the queue above it.
    if (printed) { const part = printed.dataset.print && "print-" + printed.dataset.print; if (part) document.body.classList.add(part); print(); if (part) document.body.classList.remove(part); }
  });
  const choose = step => {
    const rows = all(".case-row"); if (!rows.length) return;
    const at = rows.findIndex(row => row.classList.contains("is-chosen"));
    const next = rows[Math.min(rows.length - 1, Math.max(0, at < 0 ? 0 : at + step))];
    rows.forEach(row => row.classList.remove("is-chosen")); next.classList.add("is-chosen"); next.scrollIntoView({block: "nearest"});
    one(".case-link", next).focus({preventScroll: true});
    const preview = one("#preview"); if (preview && !preview.hidden) show(next);
  };
  const show = row => {
    const preview = one("#preview"); if (!preview) return;
    preview.hidden = false; window.htmx?.ajax("GET", `/cases/${row.dataset.case}/preview`, {target: "#preview", swap: "innerHTML"});
  };
  document.addEventListener("focusin", event => {
    const row = event.target.closest?.(".case-row"); if (!row) return;
    all(".case-row.is-chosen").forEach(other => other !== row && other.classList.remove("is-chosen")); row.classList.add("is-chosen");
  });
  document.addEventListener("keydown", event => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.closest("input, textarea, select, [contenteditable], dialog[open]")) return;
    if (event.key === " " && event.target.closest("button, summary")) return; // Space presses what has the focus
    const row = one(".case-row.is-chosen"), key = event.key.toLowerCase(), preview = one("#preview"), here = one("[data-here]");
    const done = () => event.preventDefault();
    if (key === "?") { one("#keys").showModal(); done(); }
    else if (key === "/" && one(".places")) { const field = one("[role=search] input:not([type=hidden])"); if (field) field.focus(); else location.href = "/search"; done(); }
    else if (key === "c" && here?.dataset.claim) { location.href = here.dataset.claim; done(); }
    else if (key === "r" && here?.dataset.reply) { location.href = here.dataset.reply; done(); }
    else if (!one(".case-row")) return;
    else if (key === "j") { choose(1); done(); }
    else if (key === "k") { choose(-1); done(); }
    else if (key === " " && preview && row) { if (!preview.hidden && one(".preview-inner")?.dataset.case === row.dataset.case) preview.hidden = true; else show(row); done(); }
    else if (key === "escape" && preview && !preview.hidden) { preview.hidden = true; done(); }
    else if (key === "c" && row?.dataset.claim) { location.href = row.dataset.claim; done(); }
    else if (key === "r" && row?.dataset.reply) { location.href = row.dataset.reply; done(); }
  });

  // Who else has the case open, and whether it has changed meanwhile.
  const here = one("[data-here]");
  if (here) {
    let changedAt = null, typed = false;
    // The first keystroke says that one is writing, at once; then with every look.
    document.addEventListener("input", () => { if (!typed) { typed = true; tell(); } });
    const tell = async () => {
      if (document.hidden) return;
      try {
        const answer = await fetch(here.dataset.here, {method: "POST", body: new URLSearchParams({writes: here.dataset.writes && typed ? "1" : ""}), headers: {"X-Form-Token": token()}});
        if (answer.status === 401) return expired();
        const {text, changed_at} = await answer.json();
        const bar = one(".presence"); bar.hidden = !text; bar.textContent = text;
        if (changedAt && changed_at !== changedAt) one(".changed").hidden = false;
        changedAt = changedAt || changed_at;
      } catch { /* the machine that serves the pages is away: the next time will tell */ }
    };
    tell(); setInterval(tell, PRESENT_MS);
  }

  // Drafts: what is typed is kept on the server a moment later; sent, it is done with.
  const unkept = new Set(); // forms with something typed that is not kept yet, each as what keeps it
  all("form[data-autosave]").forEach(form => {
    let timer = null, sent = false, keeping = null;
    const state = one(".save-state", form);
    const keep = () => { unkept.delete(keep); return keeping = keepNow().finally(() => { keeping = null; }); };
    const keepNow = async () => {
      if (sent) return;
      const data = new URLSearchParams();
      for (const [name, value] of new FormData(form)) if (typeof value === "string") data.append(name, value);
      state.textContent = form.dataset.saving;
      try {
        const answer = await fetch("/drafts", {method: "POST", body: data, headers: {"X-Form-Token": token()}, keepalive: true});
        state.textContent = answer.ok ? form.dataset.saved : form.dataset.notSaved;
        if (answer.status === 401) expired();
      } catch { state.textContent = form.dataset.notSaved; }
    };
    form.addEventListener("input", () => { unkept.add(keep); clearTimeout(timer); timer = setTimeout(keep, AUTOSAVE_MS); });
    form.addEventListener("submit", event => {
      sent = true; clearTimeout(timer); unkept.delete(keep);
      // A draft on its way would arrive after what it was a draft of.
      if (keeping) { const by = event.submitter; event.preventDefault(); keeping.then(() => form.requestSubmit(by)); }
    });
    addEventListener("pagehide", () => { if (unkept.has(keep)) { clearTimeout(timer); keep(); } });
    // A file or the clipboard's picture cannot be kept in a draft; everything else is.
    const conditions = () => all("[data-if]", form).forEach(field => {
      const name = field.dataset.if, other = form.elements[name];
      if (!other) return;
      const value = other.type === "checkbox" ? (other.checked ? "on" : "") : other.value;
      field.hidden = !field.dataset.for.split("|").includes(value);
    });
    form.addEventListener("change", conditions); conditions();
    form.addEventListener("click", event => {
      const list = event.target.closest("[data-list]"); if (!list) return;
      if (event.target.closest("[data-add]")) add(list);
      else if (event.target.closest("[data-remove]")) { event.target.closest("[data-entry]").remove(); number(list); }
      else return;
      form.dispatchEvent(new Event("input", {bubbles: true})); conditions();
    });
  });
  // The other language is another page: what is typed is kept first, and is there when it comes.
  all("form.language").forEach(form => form.addEventListener("submit", event => {
    if (!unkept.size) return;
    const by = event.submitter; event.preventDefault();
    Promise.all([...unkept].map(keep => keep())).then(() => form.requestSubmit(by));
  }));
  // Pressed twice, a form is sent once.
  document.addEventListener("submit", event => {
    const form = event.target;
    if (event.defaultPrevented || form.method === "dialog") return;
    if (form.dataset.sent) return event.preventDefault();
    form.dataset.sent = "1"; setTimeout(() => { delete form.dataset.sent; }, SENT_MS);
  });
  addEventListener("pageshow", () => all("form[data-sent]").forEach(form => { delete form.dataset.sent; }));
  const number = list => {
    const entries = all("[data-entry]", list), name = list.dataset.list;
    entries.forEach((entry, row) => {
      const label = one("[data-entry-name]", entry); label.textContent = label.dataset.entryName.replace("{n}", row + 1);
      one("[data-remove]", entry).hidden = entries.length === 1;
      const pattern = new RegExp("^" + name.replace(/\./g, "\\.") + "\\.\\d+\\."), dashed = new RegExp("^f-" + name.replace(/\./g, "-") + "-\\d+-");
      all("[name]", entry).forEach(input => { input.name = input.name.replace(pattern, `${name}.${row}.`); });
      all("[id]", entry).forEach(element => { element.id = element.id.replace(dashed, `f-${name.replace(/\./g, "-")}-${row}-`); });
      all("label[for]", entry).forEach(label => { label.htmlFor = label.htmlFor.replace(dashed, `f-${name.replace(/\./g, "-")}-${row}-`); });
      all("[data-if]", entry).forEach(field => { field.dataset.if = field.dataset.if.replace(pattern, `${name}.${row}.`); });
    });
  };
  const add = list => {
    const entries = all("[data-entry]", list); if (entries.length >= Number(list.dataset.most)) return;
    const entry = entries.at(-1).cloneNode(true);
    all("input, textarea, select", entry).forEach(input => { if (input.type === "checkbox") input.checked = false; else input.value = ""; input.removeAttribute("aria-invalid"); });
    all(".error", entry).forEach(error => error.remove());
    entries.at(-1).after(entry); number(list); one("input, select, textarea", entry).focus();
  };

  // Common phrases: a colon, the code and a space become the text. Never while an input method is composing.
  const phrases = new Map(all("[data-phrases] [data-code]").map(term => [term.dataset.code, term.nextElementSibling.textContent]));
  if (phrases.size) document.addEventListener("input", event => {
    const field = event.target;
    if (field.tagName !== "TEXTAREA" || event.isComposing) return;
    const before = field.value.slice(0, field.selectionStart), asked = before.match(/[:：]([0-9A-Za-z\u4e00-\u9fff]{1,16})[ \u3000]$/);
    const text = asked && phrases.get(asked[1]);
    if (text) field.setRangeText(text, before.length - asked[0].length, before.length, "end");
  });

  // A button that needs a reason waits for it.
  all("[data-needed]").forEach(input => {
    const button = one("button", input.form), set = () => { button.disabled = !input.value.trim(); };
    input.addEventListener("input", set); set();
  });

  // A scan goes up in pieces: dropped anywhere in the window, pasted, or chosen; broken off, it goes on where it was.
  const zone = one("[data-drop]"), PIECE = 1 << 20;
  if (zone) {
    const box = one(".progress", zone), text = one(".progress-text", zone), bar = one("progress", zone);
    let stopped = false, busy = false;
    const post = async (path, options) => {
      const answer = await fetch(zone.dataset.drop + path, {method: "POST", ...options, headers: {"X-Form-Token": token(), ...options.headers}});
      if (answer.status === 401) expired();
      const told = await answer.json();
      if (!answer.ok) throw new Error(told.text + " → " + told.remedy);
      return told;
    };
    const upload = async file => {
      if (busy) return false;
      busy = true; stopped = false; box.hidden = false; text.textContent = zone.dataset.uploading.replace("{name}", file.name);
      try {
        let {offset} = await post("/upload/begin", {body: new URLSearchParams({name: file.name, size: file.size})});
        while (offset < file.size && !stopped) {
          bar.value = offset / file.size * 100;
          offset = (await post("/upload/piece", {body: file.slice(offset, offset + PIECE), headers: {"Upload-Offset": String(offset), "Content-Type": "application/octet-stream"}})).offset;
        }
        busy = false; box.hidden = true;
        return !stopped;
      } catch (error) { text.textContent = zone.dataset.failed + (error.message ? ": " + error.message : ""); }
      busy = false;
      return false;
    };
    // One after another; a page that takes one file takes the first.
    const uploadAll = async files => {
      const chosen = [...files].slice(0, one("[type=file]", zone).multiple ? files.length : 1);
      for (const file of chosen) if (!await upload(file)) return;
      if (chosen.length) location.assign(zone.dataset.drop);
    };
    one("[data-cancel]", zone).addEventListener("click", () => { stopped = true; });
    zone.addEventListener("submit", event => { const files = one("[type=file]", zone).files; if (files.length) { event.preventDefault(); uploadAll(files); } });
    one("[type=file]", zone).addEventListener("change", event => { uploadAll(event.target.files); });
    addEventListener("dragover", event => { event.preventDefault(); zone.classList.add("is-over"); });
    addEventListener("dragleave", event => { if (!event.relatedTarget) zone.classList.remove("is-over"); });
    addEventListener("drop", event => { event.preventDefault(); zone.classList.remove("is-over"); uploadAll(event.dataTransfer.files); });
    addEventListener("paste", event => { if (event.clipboardData.files.length) { event.preventDefault(); uploadAll(event.clipboardData.files); } });
  }

  // A citizen number is looked at when the field is left: how long it is, and its last character (GB 11643). The server decides.
  const ends = number => "10X98765432"[[...number.slice(0, 17)].reduce((sum, digit, place) => sum + digit * (2 ** (17 - place) % 11), 0) % 11];
  document.addEventListener("focusout", event => {
    const input = event.target.closest?.("[data-id18]"); if (!input) return;
    const number = input.value = input.value.trim().toUpperCase(), {id18, wrong} = input.dataset;
    const fault = !number ? "" : number.length !== 18 ? id18.replace("{n}", number.length) : /^\d{17}[\dX]$/.test(number) && ends(number) === number[17] ? "" : wrong;
    let told = document.getElementById(`${input.id}-error`);
    if (!fault) { told?.remove(); input.removeAttribute("aria-invalid"); input.removeAttribute("aria-describedby"); return; }
    if (!told) { told = document.createElement("p"); told.className = "error"; told.id = `${input.id}-error`; input.after(told); }
    told.textContent = fault; input.setAttribute("aria-invalid", "true"); input.setAttribute("aria-describedby", told.id);
  });

  // An open inquiry of the same kind about the person is told as soon as the number is there.
  document.addEventListener("focusout", async event => {
    const input = event.target.closest?.("[data-same] [data-id18]"); if (!input || input.value.trim().length !== 18) return;
    const form = input.form, bar = one(".same", form);
    try {
      const answer = await fetch(form.dataset.same, {method: "POST", body: new URLSearchParams({id18: input.value.trim()}), headers: {"X-Form-Token": token()}});
      if (answer.status === 401) return expired();
      const {cases, text} = await answer.json();
      if (!answer.ok || !cases.length || one("[name=knows_same]", bar)) return;
      bar.hidden = false; one(".same-text", bar).textContent = text;
      one(".same-links", bar).replaceChildren(...cases.flatMap(number => { const link = document.createElement("a"); link.href = "/cases/" + number; link.className = "mono"; link.target = "_blank"; link.textContent = number; return [link, " "]; }));
    } catch { /* told again when the form is sent */ }
  });

  // The page viewer: pictures in four sizes, turned for the eye only; the magnifier shows the scan's own pixels.
  const SIZES = [110, 165, 220, 300];
  function viewer(root) {
    if (root.dataset.ready) return; root.dataset.ready = "1";
    const sheet = one(".sheet", root), image = one(".sheet-image", root), glass = one(".magnifier", root);
    let page = 1, size = 0, turn = 0, magnifies = false;
    const source = dpi => `${root.dataset.path}/pages/${page}/${dpi}`;
    const draw = () => {
      image.src = source(SIZES[size]); image.alt = root.dataset.label.replace("{n}", page);
      sheet.className = `sheet${size ? " is-zoomed" : ""}${turn ? " turn-" + turn : ""}`;
      one(".viewer-where", root).textContent = root.dataset.label.replace("{n}", page);
      all("[data-page]", root).forEach(button => button.toggleAttribute("aria-current", Number(button.dataset.page) === page));
    };
    const magnify = on => {
      magnifies = on; one("[data-magnify]", root).setAttribute("aria-pressed", String(on)); one(".magnifier-hint", root).hidden = !on; glass.hidden = !on;
      if (on) { if (turn) { turn = 0; draw(); } glass.style.backgroundImage = `url("${source(300)}")`; sheet.scrollTop = image.clientHeight * .75 - sheet.clientHeight / 2; place(image.clientWidth * .75, image.clientHeight * .75); }
    };
    const place = (x, y) => {
      const scale = (image.naturalWidth * 300 / SIZES[size]) / image.clientWidth, half = glass.clientWidth / 2;
      glass.style.backgroundPosition = `${half - x * scale}px ${half - y * scale}px`;
      glass.style.left = `${image.offsetLeft + x - half}px`; glass.style.top = `${image.offsetTop + y - half}px`;
    };
    root.addEventListener("click", event => {
      const button = event.target.closest("button"); if (!button) return;
      if (button.dataset.zoom) { size = Math.min(SIZES.length - 1, Math.max(0, size + Number(button.dataset.zoom))); magnify(false); draw(); }
      else if (button.dataset.page) { page = Number(button.dataset.page); magnify(false); draw(); }
      else if ("turn" in button.dataset) { turn = (turn + 90) % 360; magnify(false); draw(); }
      else if ("magnify" in button.dataset) magnify(!magnifies);
    });
    sheet.addEventListener("pointermove", event => {
      if (!magnifies) return;
      const box = image.getBoundingClientRect(); place(event.clientX - box.left, event.clientY - box.top);
    });
    sheet.addEventListener("keydown", event => {
      const pages = Number(root.dataset.pages);
      if (event.key === "PageDown" && page < pages) { page += 1; draw(); event.preventDefault(); }
      if (event.key === "PageUp" && page > 1) { page -= 1; draw(); event.preventDefault(); }
    });
  }
  all("[data-viewer]").forEach(viewer);
  document.addEventListener("click", event => {
    const tab = event.target.closest(".document-tabs a"); if (!tab) return;
    all(".document-tabs a").forEach(other => other.removeAttribute("aria-current")); tab.setAttribute("aria-current", "true");
  });
})();
