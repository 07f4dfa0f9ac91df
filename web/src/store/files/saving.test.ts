import "fake-indexeddb/auto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Document, ROOT } from "@/graph/document";
import { write } from "@/graph/formats/write";
import type { JsonObject } from "@/graph/json";
import { useDefs } from "@/store/defs";
import { perform, useEditor } from "@/store/editor";
import { startPersistence, workspace } from "@/store/persist";
import { useNotices } from "@/store/persist/notices";
import { activeTab, useTabs } from "@/store/persist/tabs";
import { documentOf, nodeAt } from "@/store/persist/testing";
import { NOTHING } from "@/store/persist/workspace";
import { useReport } from "@/store/report";
import { FakeWorkflows } from "@/store/versions/testing";
import { type Answers, type QuestionKind, useQuestion } from "./ask";
import { takeImages } from "./images";
import { newWorkflow, openFile, openNamed, openSaved, openText } from "./opening";
import { deleteFile, duplicateFile, renameFile, save, saveAs } from "./saving";

const server = vi.hoisted(() => {
  const state = { send: async (_: string, __?: RequestInit): Promise<Response> => new Response("{}") };
  // The typed client keeps the function that is there when it is made.
  globalThis.fetch = async (input, init) => {
    if (!(input instanceof Request)) return state.send(String(input), init);
    const body = await input.text();
    const path = input.url.replace(/^https?:\/\/[^/]+\//, "");
    return state.send(path, { method: input.method, ...(body === "" ? {} : { body }) });
  };
  return state;
});

const textOf = (document: Document) => JSON.stringify(write(document), null, 2);

/** The routes below `/userdata`, over a map of files. */
class FakeFiles {
  readonly kept = new Map<string, string>();
  readonly workflows = new FakeWorkflows();
  isOnline = true;

  readonly fetch = async (path: string, init?: RequestInit): Promise<Response> => {
    if (!this.isOnline) throw new TypeError("Failed to fetch");
    const [where = "", query] = path.split("?");
    const body: JsonObject = JSON.parse(String(init?.body ?? "null"));
    if (where.startsWith("api/v1")) {
      const answer = this.workflows.answer(init?.method ?? "GET", path.slice("api/v1".length), body);
      return answer ?? new Response("{}", { status: 404 });
    }
    if (!where.startsWith("userdata")) return new Response("{}", { status: 404 });
    const parts = where.split("/").slice(1).map(decodeURIComponent);
    const [name = "", move, to = ""] = parts;
    if (name === "") return this.list();
    if (init?.method === "POST" && move === "move") return this.move(name, to);
    if (init?.method === "POST")
      return this.write(name, String(init.body), query?.includes("overwrite=true"));
    if (init?.method === "DELETE") return new Response(null, { status: this.kept.delete(name) ? 204 : 404 });
    const text = this.kept.get(name);
    return text === undefined ? new Response("{}", { status: 404 }) : new Response(text);
  };

  private list(): Response {
    const rows = [...this.kept].map(([path, text]) => {
      return { path: path.replace("workflows/", ""), size: text.length, modified: 1, created: 1 };
    });
    return new Response(JSON.stringify(rows));
  }

  private write(name: string, text: string, overwrite = false): Response {
    if (this.kept.has(name) && !overwrite) return new Response("{}", { status: 409 });
    this.kept.set(name, text);
    return new Response("{}");
  }

  private move(name: string, to: string): Response {
    const text = this.kept.get(name);
    if (text === undefined || this.kept.has(to))
      return new Response("{}", { status: text === undefined ? 404 : 409 });
    this.kept.delete(name);
    return this.write(to, text);
  }
}

describe("files", () => {
  let files: FakeFiles;
  let asked: QuestionKind[];
  let stop: () => void;
  const file = (name: string) => files.kept.get(`workflows/${name}.json`);
  const put = (name: string, text: string) => files.kept.set(`workflows/${name}.json`, text);
  const notices = () => useNotices.getState().all.map(({ key }) => key);
  const move = (x: number) =>
    perform("steps:move", (draft) => draft.put(ROOT, "nodes", "1", { ...nodeAt(1), pos: [x, 0] }));
  /** What the person answers, whenever they are asked. */
  const answering = <K extends QuestionKind>(kind: K, answer: Answers[K]) => {
    stop();
    stop = useQuestion.subscribe(({ question, settle }) => {
      if (question === null) return;
      asked.push(question.kind);
      if (question.kind === kind) queueMicrotask(() => settle(answer));
    });
  };

  beforeEach(async () => {
    files = new FakeFiles();
    asked = [];
    stop = () => undefined;
    server.send = files.fetch;
    vi.stubGlobal("window", { addEventListener() {} });
    vi.stubGlobal("document", { addEventListener() {} });
    useDefs.setState({ status: "ready" });
    await startPersistence(async () => NOTHING);
    for (const { docId } of useTabs.getState().tabs) await workspace().close(docId);
    for (const { docId } of useTabs.getState().recent) await workspace().discard(docId);
    useNotices.setState({ all: [] });
    useReport.setState({ report: null });
  });
  afterEach(() => {
    stop();
    vi.unstubAllGlobals();
  });

  const head = (name: string, branch?: string) => files.workflows.head(name, branch);
  const placeIn = (document: unknown) =>
    (document as { nodes: { pos: number[] }[] } | undefined)?.nodes[0]?.pos[0];
  const openPortrait = async () => {
    put("portrait", textOf(documentOf(nodeAt(1))));
    expect(await openSaved("portrait")).toBe(true);
  };
  /** A workflow of one version, open. */
  const begin = async (name = "portrait") => {
    workspace().open({ ...NOTHING, document: documentOf(nodeAt(1)), isSaved: false });
    answering("name", name);
    expect(await save()).toBe(true);
    asked = [];
  };
  /** Somebody else adds a version. */
  const saveElsewhere = (name: string, document: Document) =>
    files.workflows.commit(name, {
      document: write(document),
      branch: "main",
      parent: head(name)?.id ?? null,
      message: "elsewhere",
    });

  it("keeps each save as a version on the branch, and says what is new in it", async () => {
    await begin();
    expect(head("portrait")).toMatchObject({ number: 1 });
    move(40);
    expect(activeTab()).toMatchObject({ name: "portrait", isSaved: false });
    expect(await save()).toBe(true);
    expect(asked).toEqual([]);
    expect(activeTab()).toMatchObject({
      isSaved: true,
      home: { kind: "version", branch: "main", number: 2 },
    });
    expect(placeIn(head("portrait")?.document)).toBe(40);
    expect(head("portrait")).toMatchObject({ parents: ["portrait-1"] });
  });

  it("makes no version of what has not changed", async () => {
    await begin();
    expect(await save()).toBe(true);
    expect(head("portrait")?.number).toBe(1);
    expect(notices()).toContain("versions:notice.unchanged");
  });

  it("saves twice in a row without standing in its own way", async () => {
    await begin();
    move(1);
    let second: Promise<boolean> | null = null;
    server.send = (path, init) => {
      // The first is on its way.
      if (second === null) move(2);
      second ??= save();
      return files.fetch(path, init);
    };
    expect(await save()).toBe(true);
    expect(await second).toBe(true);
    expect(head("portrait")?.number).toBe(3);
    expect(placeIn(head("portrait")?.document)).toBe(2);
    expect(asked).toEqual([]);
  });

  it("asks for another name where one is taken", async () => {
    await begin();
    newWorkflow();
    workspace().open({ ...NOTHING, document: documentOf(nodeAt(2)), isSaved: false });
    stop();
    const names = ["portrait", "portrait 2"];
    stop = useQuestion.subscribe(({ question, settle }) => {
      if (question?.kind === "name") queueMicrotask(() => settle(names.shift() ?? null));
    });
    expect(await save()).toBe(true);
    expect(useEditor.getState().name).toBe("portrait 2");
    expect(head("portrait")?.number).toBe(1);
  });

  it("makes a workflow of a file when it is saved, and leaves the file alone", async () => {
    put("people/portrait", textOf(documentOf(nodeAt(1))));
    expect(await openNamed("people/portrait")).toBe(true);
    move(7);
    answering("name", null);
    expect(await save()).toBe(true);
    expect(asked).toEqual([]);
    expect(useEditor.getState().name).toBe("portrait");
    expect(placeIn(head("portrait")?.document)).toBe(7);
    expect(JSON.parse(file("people/portrait") ?? "").nodes[0].pos).toEqual([0, 0]);
  });

  it("keeps both where somebody else has saved first, and asks how to go on", async () => {
    await begin();
    move(1);
    saveElsewhere("portrait", documentOf(nodeAt(1, 7)));
    answering("diverged", "keep");
    expect(await save()).toBe(true);
    expect(asked).toEqual(["diverged"]);
    expect(placeIn(head("portrait")?.document)).toBe(7);
    const { home } = activeTab() ?? {};
    expect(home).toMatchObject({ kind: "version", branch: expect.stringMatching(/^main-/) });
    expect(placeIn(head("portrait", home?.kind === "version" ? home.branch : "")?.document)).toBe(1);
    // The next one follows on the branch that holds ours.
    move(2);
    expect(await save()).toBe(true);
    expect(asked).toEqual(["diverged"]);
    expect(placeIn(head("portrait")?.document)).toBe(7);
  });

  it("saves as a workflow of its own", async () => {
    await begin();
    move(3);
    expect(await saveAs("other")).toBe(true);
    expect(useEditor.getState().name).toBe("other");
    expect(placeIn(head("other")?.document)).toBe(3);
    expect(placeIn(head("portrait")?.document)).toBe(0);
  });

  it("says so when the server is away, loses nothing, and saves later", async () => {
    await begin();
    move(5);
    files.isOnline = false;
    expect(await save()).toBe(false);
    expect(notices()).toContain("files:notice.unreachable");
    expect(activeTab()?.isSaved).toBe(false);
    files.isOnline = true;
    expect(await save()).toBe(true);
  });

  it("brings unsaved edits back when it is opened again, and says whether it was saved meanwhile", async () => {
    await begin();
    move(5);
    await workspace().close(activeTab()?.docId ?? "");
    await openNamed("portrait");
    expect(useEditor.getState().document.graphs.by[ROOT]?.nodes.by["1"]?.pos).toEqual([5, 0]);
    expect(useEditor.getState().done).toHaveLength(1);
    expect(notices()).toContain("files:notice.draftRestored");
    await workspace().close(activeTab()?.docId ?? "");
    saveElsewhere("portrait", documentOf(nodeAt(3)));
    await openNamed("portrait");
    expect(notices()).toContain("files:notice.draftOfOlder");
    answering("diverged", "keep");
    await save();
    expect(asked).toEqual(["diverged"]);
  });

  it("shows a workflow again as it is now, not as it was; or one of its versions", async () => {
    await begin();
    const { docId } = useEditor.getState();
    newWorkflow();
    await workspace().close(docId);
    saveElsewhere("portrait", documentOf(nodeAt(1, 99)));
    await openNamed("portrait");
    expect(useEditor.getState().document.graphs.by[ROOT]?.nodes.by["1"]?.pos).toEqual([99, 0]);
    await openNamed("portrait@#1");
    expect(useEditor.getState().document.graphs.by[ROOT]?.nodes.by["1"]?.pos).toEqual([0, 0]);
    expect(activeTab()?.home).toMatchObject({ number: 1 });
  });

  it("renames, duplicates and deletes; what is open follows", async () => {
    await openPortrait();
    expect(await renameFile("portrait", "people/portrait")).toBe(true);
    expect(useEditor.getState().name).toBe("people/portrait");
    expect(await duplicateFile("people/portrait")).toBe(true);
    expect(file("people/portrait 2")).toBe(file("people/portrait"));
    expect(await renameFile("people/portrait", "people/portrait 2")).toBe(false);
    expect(notices()).toContain("files:notice.nameTaken");
    answering("remove", true);
    expect(await deleteFile("people/portrait")).toBe(true);
    expect(file("people/portrait")).toBeUndefined();
    expect(activeTab()).toMatchObject({ name: null, title: "people/portrait", isSaved: false });
  });

  it("opens text of a file as not saved, and reports what had to be repaired", async () => {
    const nodes = [
      { id: 1, type: "KSampler", pos: { "0": 1, "1": 2 } },
      { id: 1, type: "VAEDecode" },
    ];
    expect(await openText(JSON.stringify({ nodes, links: [] }), "C:\\old\\work.json")).toBe(true);
    expect(activeTab()).toMatchObject({ name: null, title: "work", isSaved: false });
    expect(useReport.getState().report).toMatchObject({ docId: useEditor.getState().docId });
    expect(await openText("not json", "notes.json")).toBe(false);
    expect(notices()).toContain("formats:error.not-json");
  });

  it("gives a picture without a workflow to the canvas", async () => {
    const taken: string[] = [];
    const picture = new File([new Uint8Array([0x42, 0x4d, 0, 0])], "cat.bmp", { type: "image/bmp" });
    expect(await openFile(picture)).toBe(false);
    const end = takeImages((one) => void taken.push(one.name));
    expect(await openFile(picture, { x: 1, y: 2 })).toBe(true);
    end();
    expect(taken).toEqual(["cat.bmp"]);
  });
});
