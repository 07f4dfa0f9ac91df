import { useTranslation } from "react-i18next";
import type { Difference } from "@/graph/diff";
import { sidesOf } from "@/store/versions/sides";

const LONGEST = 48;

/** What changed of a node, at the node: its name goes without saying. */
export function DifferenceLine({ difference }: { readonly difference: Difference }) {
  const { t } = useTranslation("versions");
  const [from, to] = sidesOf(difference, LONGEST);
  const nothing = t("nothing");
  if (difference.kind !== "value" && difference.kind !== "rewired") {
    return (
      <li>
        {t(`differences.${difference.kind}`, {
          title: difference.title,
          from,
          to,
          input: inputOf(difference),
        })}
      </li>
    );
  }
  return (
    <li data-change={difference.kind}>
      <b>{difference.input}</b> <del>{from ?? nothing}</del> → <ins>{to ?? nothing}</ins>
    </li>
  );
}

function inputOf(difference: Difference): string {
  return "input" in difference ? difference.input : "";
}
