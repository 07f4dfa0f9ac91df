/** Where the pictures and links of a pack's page lead. */

/**
 * The addresses a picture may have, the likeliest first; none if it may not be fetched. ComfyUI's packs name files
 * from the folder `docs`, also on pages that lie a folder deeper, as those of a language do.
 */
export function picturesAt(src: string, page: string): string[] {
  const places = /\/docs\/[^/]+\/[^/]+\.md$/.test(page) ? [page.replace(/[^/]+\/[^/]+$/, ""), page] : [page];
  return [
    ...new Set(
      places.flatMap((place) => {
        const url = within(src, place);
        return url === null ? [] : [url];
      }),
    ),
  ];
}

/** An address of the page's own server; null for another's, which the page may not fetch from. */
function within(src: string, page: string): string | null {
  if (!URL.canParse(src, page)) return null;
  const url = new URL(src, page);
  return url.origin === new URL(page).origin ? url.href : null;
}

export type Target =
  | { readonly kind: "node"; readonly name: string }
  | { readonly kind: "away"; readonly url: string }
  | { readonly kind: "none" };

/** What a link leads to: another node's page, some other address, or a place of the same page. */
export function targetOf(href: string, page: string, isNode: (name: string) => boolean): Target {
  if (href === "" || href.startsWith("#")) return { kind: "none" };
  const url = URL.canParse(href, page) ? new URL(href, page) : null;
  if (url === null || !["http:", "https:", "mailto:"].includes(url.protocol)) return { kind: "none" };
  if (url.origin === new URL(page).origin && url.pathname.endsWith(".md")) {
    const parts = url.pathname.slice(0, -".md".length).split("/").map(decoded).reverse();
    // `NODE.md`, or `NODE/en.md`.
    const name = parts.slice(0, 2).find(isNode);
    if (name !== undefined) return { kind: "node", name };
  }
  return { kind: "away", url: url.href };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    // A stray percent sign.
    return part;
  }
}
