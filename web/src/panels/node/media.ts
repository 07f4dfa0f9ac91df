/**
 * Pages of packs may hold HTML. None of it is shown as such: pictures and films in it become elements made here,
 * the words stay, everything else goes.
 */

/** What is needed here of a syntax tree of Markdown. */
export interface Tree {
  type: string;
  value?: string;
  children?: Tree[];
  data?: { hName: string; hProperties: Readonly<Record<string, string | boolean>> };
}

/** A plugin of remark. */
export function media() {
  return (tree: Tree) => replaceHtml(tree);
}

const SWITCHES = ["loop", "muted"] as const;
const SILENT = "script, style, template, iframe, object, noscript, title";

function replaceHtml(parent: Tree): void {
  if (parent.children === undefined) return;
  const isBlock = !PHRASING.has(parent.type);
  // In a paragraph, every tag is a node of its own: sources belong to the film that was begun.
  let film: Tree | null = null;
  parent.children = parent.children.flatMap((node) => {
    if (node.type !== "html") {
      replaceHtml(node);
      return [node];
    }
    const value = node.value ?? "";
    if (film !== null && /^\s*<source\b/i.test(value)) {
      film.children?.push(...fromHtml(`<video>${value}</video>`).flatMap((one) => one.children ?? []));
      return [];
    }
    const made = fromHtml(value);
    film = made.find((one) => one.data?.hName === "video") ?? film;
    return isBlock && made.length > 0 ? [{ type: "paragraph", children: made }] : made;
  });
}
const PHRASING = new Set(["paragraph", "heading", "emphasis", "strong", "delete", "link", "tableCell"]);

/** Pictures, films and words of a piece of HTML, in their order. Nothing in it is run or fetched. */
function fromHtml(html: string): Tree[] {
  // Handlers of events would not run here, but browsers tell of them in the console.
  const quiet = html.replace(/<[^>]*>/g, (tag) => tag.replace(/\son\w+\s*=/gi, " data-off="));
  const body = new DOMParser().parseFromString(quiet, "text/html").body;
  for (const silent of body.querySelectorAll(SILENT)) silent.remove();
  const found: Tree[] = [];
  const look = (node: Node): void => {
    if (!(node instanceof Element)) {
      const words = node.nodeType === 3 ? (node.nodeValue ?? "").replace(/\s+/g, " ") : "";
      if (words.trim() !== "") found.push({ type: "text", value: words });
      return;
    }
    const name = node.tagName.toLowerCase();
    if (name === "img") found.push(made("img", given(node, ["src", "alt"])));
    else if (name === "video") found.push(filmOf(node));
    else if (name === "br") found.push({ type: "break" });
    else for (const child of node.childNodes) look(child);
  };
  for (const child of body.childNodes) look(child);
  return found;
}

function filmOf(video: Element): Tree {
  const switches = Object.fromEntries(
    SWITCHES.filter((name) => video.hasAttribute(name)).map((name) => [name, true]),
  );
  const sources = [...video.querySelectorAll("source")].map((one) =>
    made("source", given(one, ["src", "type"])),
  );
  return made("video", { ...given(video, ["src", "poster"]), ...switches }, sources);
}

function given(element: Element, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = element.getAttribute(name);
      return value === null ? [] : [[name, value]];
    }),
  );
}

function made(
  hName: string,
  hProperties: Readonly<Record<string, string | boolean>>,
  children: Tree[] = [],
): Tree {
  return { type: "media", data: { hName, hProperties }, children };
}
