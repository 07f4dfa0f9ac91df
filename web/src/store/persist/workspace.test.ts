import "fake-indexeddb/auto";
import { deleteDB } from "idb";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ROOT } from "@/graph/document";
import { documentOf, FakeServer, nodeAt } from "./testing";
import { FakeBrowser, newTab, type Setup, type TestTab } from "./testingTabs";

const moment = (ms = 80) => new Promise((resolve) => setTimeout(resolve, ms));

describe.each(["with Web Locks", "without them"])("workflows in tabs %s", (kind) => {
  let server: FakeServer;
  let browser: FakeBrowser;
  let locks: Setup["locks"];
  let made: TestTab[];
  const tab = async (more: Partial<Setup> = {}) => {
    const opened = await newTab({ server, locks, ...more });
    made.push(opened);
    return opened;
  };
  const move = (page: TestTab, x: number) =>
    page.perform("steps:move", (draft) => draft.put(ROOT, "nodes", "1", nodeAt(1, x)));
  const open = (page: TestTab) =>
    page.work.open({
      document: documentOf(nodeAt(1), nodeAt(2)),
      name: "portrait",
      title: null,
      home: { kind: "file", hash: "h" },
      isSaved: true,
    });
  const shown = (page: TestTab) => JSON.stringify(page.useEditor.getState().document);
  const active = (page: TestTab) =>
    page.tabs.getState().tabs.find(({ docId }) => docId === page.tabs.getState().active);

  beforeEach(() => {
    const kept = new Map<string, string>();
    const storage = {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
      removeItem: (key: string) => void kept.delete(key),
    };
    vi.stubGlobal("localStorage", storage);
    server = new FakeServer();
    browser = new FakeBrowser();
    made = [];
    let count = 0;
    locks = (modules, events) => {
      count += 1;
      const wire = browser.wire();
      return kind === "with Web Locks"
        ? modules.webLocks(browser.locks, wire, events)
        : modules.channelLocks(wire, `tab ${count}`, events);
    };
  });
  afterEach(async () => {
    for (const page of made) page.die();
    vi.unstubAllGlobals();
    await deleteDB("tabs");
    await deleteDB("other");
  });

  it("brings back document, history, name and place after the page died", async () => {
    const page = await tab();
    open(page);
    move(page, 10);
    move(page, 20);
    move(page, 30);
    page.undo();
    await moment();
    page.die();
    browser = new FakeBrowser();

    const next = await tab();
    expect(await next.reopen()).toBe(true);
    expect(shown(next)).toBe(shown(page));
    expect(next.useEditor.getState().name).toBe("portrait");
    expect(active(next)).toMatchObject({ isSaved: false, isElsewhere: false });
    next.redo();
    expect(next.useEditor.getState().document.graphs.by[ROOT]?.nodes.by["1"]?.pos).toEqual([30, 0]);
    for (let count = 0; count < 3; count += 1) next.undo();
    expect(active(next)?.isSaved).toBe(true);
    next.redo();
    await moment();
    next.die();
    browser = new FakeBrowser();
    const third = await tab();
    await third.reopen();
    expect(shown(third)).toBe(shown(next));
  });

  it("brings back what the database had no time for", async () => {
    const page = await tab();
    open(page);
    await moment();
    move(page, 10);
    page.work.hide();
    page.work.active?.drop();
    page.die();
    browser = new FakeBrowser();
    const next = await tab();
    await next.reopen();
    expect(shown(next)).toBe(shown(page));
  });

  it("gives a second tab a copy as soon as it edits, and leaves the first alone", async () => {
    const first = await tab();
    const { docId } = open(first);
    move(first, 10);
    await moment();
    const second = await tab();
    await second.work.restore(docId);
    expect(active(second)).toMatchObject({ isElsewhere: true, name: "portrait" });
    expect(shown(second)).toBe(shown(first));

    move(second, 99);
    expect(active(second)).toMatchObject({ isElsewhere: false, name: null, isSaved: false });
    expect(second.notices()).toContain("files:notice.copiedElsewhere");
    move(first, 20);
    await moment();
    const before = [shown(first), shown(second)];
    const copied = second.useEditor.getState().docId;
    expect(copied).not.toBe(docId);
    first.die();
    second.die();
    browser = new FakeBrowser();
    const third = await tab();
    await third.work.restore(docId);
    expect(shown(third)).toBe(before[0]);
    await third.work.restore(copied);
    expect(shown(third)).toBe(before[1]);
    third.undo();
    expect(third.useEditor.getState().document.graphs.by[ROOT]?.nodes.by["1"]?.pos).toEqual([10, 0]);
  });

  it("hands a workflow over with everything in it, and takes none of the old tab's later edits", async () => {
    const first = await tab();
    const { docId } = open(first);
    await moment();
    const second = await tab();
    await second.work.restore(docId);
    move(first, 42);
    second.work.takeOver(docId);
    await moment(600);
    expect(active(second)).toMatchObject({ isElsewhere: false, docId });
    expect(shown(second)).toBe(shown(first));
    expect(active(first)?.isElsewhere).toBe(true);

    move(second, 43);
    move(first, -1);
    await moment();
    expect(first.useEditor.getState().docId).not.toBe(docId);
    const expected = shown(second);
    second.die();
    first.die();
    browser = new FakeBrowser();
    const third = await tab();
    await third.work.restore(docId);
    expect(shown(third)).toBe(expected);
  });

  it("takes a workflow from a tab that does not answer", async () => {
    const first = await tab();
    const { docId } = open(first);
    await moment();
    const frozen = first.work.get(docId);
    if (frozen !== undefined) frozen.flush = () => new Promise(() => undefined);
    const second = await tab();
    await second.work.restore(docId);
    second.work.takeOver(docId);
    await moment(1_900);
    expect(active(second)).toMatchObject({ isElsewhere: false, docId });
    move(second, 7);
    await moment();
    move(first, 8);
    await moment();
    expect(first.useEditor.getState().docId).not.toBe(docId);
    expect((await second.shelf.entries(docId)).length).toBeGreaterThan(1);
  }, 10_000);

  it("keeps both where another browser changed the same workflow", async () => {
    const here = await tab();
    const { docId } = open(here);
    move(here, 1);
    await here.work.active?.flush();
    here.work.active?.send();
    await moment();
    const there = await tab({
      database: "other",
      locks: (modules, events) => modules.channelLocks(new FakeBrowser().wire(), "x", events),
    });
    await there.work.listOffers();
    expect(there.tabs.getState().offers.map(({ id }) => id)).toEqual([docId]);
    await there.work.restore(docId, { fromServer: true });
    expect(shown(there)).toBe(shown(here));
    move(there, 2);
    await there.work.active?.flush();
    there.work.active?.send();
    await moment();

    move(here, 3);
    await here.work.active?.flush();
    here.work.active?.send();
    await moment(200);
    expect(here.notices()).toContain("files:notice.copiedConflict");
    const copy = here.useEditor.getState().docId;
    expect(copy).not.toBe(docId);
    here.work.active?.send();
    await moment();
    const third = await tab({
      database: "third",
      locks: (modules, events) => modules.channelLocks(new FakeBrowser().wire(), "y", events),
    });
    await third.work.restore(docId, { fromServer: true });
    expect(shown(third)).toBe(shown(there));
    await third.work.restore(copy, { fromServer: true });
    expect(shown(third)).toBe(shown(here));
    third.die();
    await deleteDB("third");
  });

  it("goes on without a server and sends everything, from a later page too", async () => {
    server.isOnline = false;
    const page = await tab();
    const { docId } = open(page);
    move(page, 1);
    await page.work.active?.flush();
    page.work.active?.send();
    await moment();
    expect(active(page)?.server).toBe("offline");
    page.die();
    browser = new FakeBrowser();
    server.isOnline = true;
    const next = await tab();
    await next.reopen();
    next.work.active?.send();
    await moment();
    expect(active(next)?.server).toBe("kept");
    expect(server.entries(docId)).toHaveLength(2);
  });

  it("keeps the draft of what is closed unsaved, and nothing of what is saved", async () => {
    const page = await tab();
    const { docId } = open(page);
    move(page, 5);
    const before = shown(page);
    page.work.open({ document: documentOf(), name: null, title: "other", home: null, isSaved: true });
    await page.work.close(docId);
    expect(page.tabs.getState().recent.map((record) => record.docId)).toEqual([docId]);
    const doc = await page.work.restore(docId);
    expect(shown(page)).toBe(before);
    expect(page.useEditor.getState().done).toHaveLength(1);

    if (doc !== null)
      page.work.markSaved(doc, "portrait", { kind: "file", hash: "new" }, doc.content.document);
    await page.work.close(docId);
    expect(page.tabs.getState().recent).toEqual([]);
    expect(await page.shelf.entries(docId)).toEqual([]);
    expect(server.kept.has(docId)).toBe(false);
  });

  it("takes the draft off the server once it is saved, and makes one again at the next edit", async () => {
    const page = await tab();
    const doc = open(page);
    move(page, 1);
    await doc.flush();
    doc.send();
    await moment();
    expect(server.kept.has(doc.docId)).toBe(true);
    page.work.markSaved(doc, "portrait", { kind: "file", hash: "h" }, doc.content.document);
    await moment();
    expect(server.kept.has(doc.docId)).toBe(false);
    move(page, 2);
    await doc.flush();
    doc.send();
    await moment();
    expect(server.entries(doc.docId)).toHaveLength(2);
  });

  it("keeps what was put into the editor by others, too", async () => {
    const page = await tab();
    page.open({ docId: "made-elsewhere", name: null, document: documentOf(nodeAt(1)) });
    move(page, 3);
    await moment();
    page.die();
    browser = new FakeBrowser();
    const next = await tab();
    await next.work.restore("made-elsewhere");
    expect(shown(next)).toBe(shown(page));
  });

  it("keeps each workflow's own history while another one is shown", async () => {
    const page = await tab();
    const { docId: one } = open(page);
    move(page, 1);
    const { docId: two } = open(page);
    move(page, 2);
    page.work.show(one);
    page.undo();
    page.redo();
    expect(page.useEditor.getState().document.graphs.by[ROOT]?.nodes.by["1"]?.pos).toEqual([1, 0]);
    page.work.show(two);
    page.undo();
    expect(active(page)?.isSaved).toBe(true);
    expect(page.tabs.getState().tabs.map(({ isSaved }) => isSaved)).toEqual([false, true]);
  });

  it("puts what is opened in the place of a new workflow nobody touched", async () => {
    const page = await tab();
    page.work.open({ document: documentOf(), name: null, title: null, home: null, isSaved: true });
    open(page);
    await moment();
    expect(page.tabs.getState().tabs.map(({ name }) => name)).toEqual(["portrait"]);
    move(page, 1);
    open(page);
    expect(page.tabs.getState().tabs).toHaveLength(2);
  });

  it("keeps no draft of a person's own file that they only looked at", async () => {
    const page = await tab();
    const own = { name: null, title: "cat", home: null, isSaved: false, hasOriginal: true };
    const first = page.work.open({ ...own, document: documentOf(nodeAt(1)) });
    const { docId } = page.work.open({ ...own, document: documentOf(nodeAt(2)) });
    await moment();
    const opened = page.tabs.getState().tabs.map((one) => one.docId);
    expect(opened, "one does not close the other").toEqual([first.docId, docId]);
    await page.work.close(first.docId);
    expect(page.tabs.getState().tabs.map((one) => one.docId)).toEqual([docId]);
    expect(page.tabs.getState().recent).toEqual([]);
    expect(await page.shelf.entries(first.docId)).toEqual([]);
    expect(page.notices()).toEqual([]);
    move(page, 1);
    await page.work.close(docId);
    expect(page.tabs.getState().recent.map((one) => one.docId)).toEqual([docId]);
  });
});
