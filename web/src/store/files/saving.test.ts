import "fake-indexeddb/auto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ROOT } from "@/graph/document";
import { read } from "@/graph/formats/read";
import { useDefs } from "@/store/defs";
import { perform, useEditor } from "@/store/editor";
import { startPersistence, workspace } from "@/store/persist";
import { useNotices } from "@/store/persist/notices";
import { activeTab, useTabs } from "@/store/persist/tabs";
import { documentOf, nodeAt } from "@/store/persist/testing";
import { NOTHING } from "@/store/persist/workspace";
import { useReport } from "@/store/report";
import { type Answers, type QuestionKind, useQuestion } from "./ask";
import { takeImages } from "./images";
import { newWorkflow, openFile, openNamed, openText } from "./opening";
import { deleteFile, duplicateFile, renameFile, save, saveAs, textOf } from "./saving";

/** The routes below `/userdata`, over a map of files. */
class FakeFiles {
  readonly kept = new Map<string, string>();
  isOnline = true;

  readonly fetch = async (path: string, init?: RequestInit): Promise<Response> => {
    if (!this.isOnline) throw new TypeError("Failed to fetch");
    const [where = "", query] = path.split("?");
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
    vi.stubGlobal("fetch", files.fetch);
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

  const openPortrait = async () => {
    put("portrait", textOf(documentOf(nodeAt(1))));
    expect(await openNamed("portrait")).toBe(true);
  };

  it("opens, edits and saves a file of the server without asking anything", async () => {
    answering("name", null);
    await openPortrait();
    move(40);
    expect(activeTab()).toMatchObject({ name: "portrait", isSaved: false });
    expect(await save()).toBe(true);
    expect(activeTab()?.isSaved).toBe(true);
    expect(asked).toEqual([]);
    expect(JSON.parse(file("portrait") ?? "").nodes[0].pos).toEqual([40, 0]);
    expect(read(file("portrait") ?? "").document.graphs.by[ROOT]?.nodes.ids).toEqual(["1"]);
  });

  it("asks for a name where there is none, and keeps folders in it", async () => {
    workspace().open({ ...NOTHING, document: documentOf(nodeAt(1)), isSaved: false });
    answering("name", "people/first");
    expect(await save()).toBe(true);
    expect(file("people/first")).toBeDefined();
    expect(useEditor.getState().name).toBe("people/first");
  });

  it("does not overwrite a file that changed since it was opened, unless told to", async () => {
    await openPortrait();
    move(1);
    const theirs = textOf(documentOf(nodeAt(1, 7), nodeAt(2)));
    put("portrait", theirs);
    answering("conflict", "cancel");
    expect(await save()).toBe(false);
    expect(asked).toEqual(["conflict"]);
    expect(file("portrait")).toBe(theirs);

    answering("conflict", "copy");
    expect(await save()).toBe(true);
    expect(file("portrait")).toBe(theirs);
    expect(useEditor.getState().name).toBe("portrait 2");
    expect(JSON.parse(file("portrait 2") ?? "").nodes[0].pos).toEqual([1, 0]);
  });

  it("replaces it when the person says so, and does not ask again", async () => {
    await openPortrait();
    move(1);
    put("portrait", textOf(documentOf(nodeAt(9))));
    answering("conflict", "overwrite");
    expect(await save()).toBe(true);
    move(2);
    expect(await save()).toBe(true);
    expect(asked).toEqual(["conflict"]);
    expect(JSON.parse(file("portrait") ?? "").nodes[0].pos).toEqual([2, 0]);
  });

  it("asks before saving as a name that is taken", async () => {
    await openPortrait();
    put("other", "{}");
    answering("overwrite", false);
    expect(await saveAs("other")).toBe(false);
    expect(file("other")).toBe("{}");
    answering("overwrite", true);
    expect(await saveAs("other")).toBe(true);
    expect(useEditor.getState().name).toBe("other");
  });

  it("says so when the server is away, loses nothing, and saves later", async () => {
    await openPortrait();
    move(5);
    files.isOnline = false;
    expect(await save()).toBe(false);
    expect(notices()).toContain("files:notice.unreachable");
    expect(activeTab()?.isSaved).toBe(false);
    files.isOnline = true;
    expect(await save()).toBe(true);
  });

  it("brings unsaved edits back when the file is opened again, and says whether the file has changed", async () => {
    await openPortrait();
    move(5);
    await workspace().close(activeTab()?.docId ?? "");
    await openNamed("portrait");
    expect(useEditor.getState().document.graphs.by[ROOT]?.nodes.by["1"]?.pos).toEqual([5, 0]);
    expect(useEditor.getState().done).toHaveLength(1);
    expect(notices()).toContain("files:notice.draftRestored");
    await workspace().close(activeTab()?.docId ?? "");
    put("portrait", textOf(documentOf(nodeAt(3))));
    await openNamed("portrait");
    expect(notices()).toContain("files:notice.draftOfOlder");
    answering("conflict", "cancel");
    await save();
    expect(asked).toEqual(["conflict"]);
  });

  it("shows a file again as it is now, not as it was", async () => {
    await openPortrait();
    const { docId } = useEditor.getState();
    newWorkflow();
    await workspace().close(docId);
    put("portrait", textOf(documentOf(nodeAt(1, 99))));
    await openNamed("portrait");
    expect(useEditor.getState().document.graphs.by[ROOT]?.nodes.by["1"]?.pos).toEqual([99, 0]);
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
