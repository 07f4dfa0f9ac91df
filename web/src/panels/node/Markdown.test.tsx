// @vitest-environment happy-dom
import { MantineProvider } from "@mantine/core";
import { renderToStaticMarkup } from "react-dom/server";
import { expect, test } from "vitest";
import { Markdown } from "./Markdown";

const PAGE = "http://here/extensions/pack/docs/Blur.md";

function shown(text: string): HTMLElement {
  const page = document.createElement("div");
  page.innerHTML = renderToStaticMarkup(
    <MantineProvider>
      <Markdown text={text} page={PAGE} isNode={(name) => name === "Sharpen"} />
    </MantineProvider>,
  );
  return page.querySelector("div") ?? page;
}

test("a page has tables, pictures of its folder, and links to other nodes", () => {
  const page = shown(
    "# Blur\n\n![soft](a.png)\n\n| in | what |\n|---|---|\n| radius | pixels |\n\nSee [it](Sharpen.md).",
  );
  expect(page.querySelector("h4")?.textContent).toBe("Blur");
  expect(page.querySelector("img")?.getAttribute("src")).toBe("http://here/extensions/pack/docs/a.png");
  expect([...page.querySelectorAll("td")].map((cell) => cell.textContent)).toEqual(["radius", "pixels"]);
  expect(page.querySelector("button")?.textContent).toBe("it");
});

test("films play on request, whether they are written in one line or several", () => {
  for (const text of [
    '<video controls autoplay loop muted onplay="alert(1)">\n  <source src="a.mp4" type="video/mp4">\n</video>',
    'See <video controls loop muted><source src="a.mp4" type="video/mp4"></video> here.',
  ]) {
    const film = shown(text).querySelector("video");
    expect(film?.hasAttribute("controls")).toBe(true);
    expect(film?.hasAttribute("loop")).toBe(true);
    expect(film?.hasAttribute("autoplay")).toBe(false);
    expect(film?.hasAttribute("onplay")).toBe(false);
    expect(film?.querySelector("source")?.getAttribute("src")).toBe("http://here/extensions/pack/docs/a.mp4");
  }
});

test("of other HTML only the words are left", () => {
  const page = shown(
    '<div align="center"><h1>Blur</h1><img src="a.png" onerror="alert(1)"></div>\n\n' +
      "<script>alert(2)</script>\n\n<style>*{display:none}</style>\n\n" +
      'A <b onclick="alert(3)">bold</b> word, [a link](javascript:alert(4)), <object data="a.svg"></object>',
  );
  expect(page.querySelector("script, style, object, b, [onerror], [onclick], a")).toBe(null);
  expect(page.textContent?.replace(/\s+/g, " ").trim()).toBe("Blur A bold word, a link,");
  expect(page.querySelector("img")?.getAttribute("src")).toBe("http://here/extensions/pack/docs/a.png");
});

test("a picture of another server is a link", () => {
  const page = shown("![far](https://there/a.png)");
  expect(page.querySelector("img")).toBe(null);
  expect(page.querySelector("a")?.getAttribute("href")).toBe("https://there/a.png");
});
