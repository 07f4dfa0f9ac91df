import { Button } from "@mantine/core";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { moreHistory, useHistory } from "@/store/runs/history";

interface Props {
  /** Whether entries that are there already are not drawn yet; then `onGrow` draws some of them. */
  readonly isShort: boolean;
  readonly onGrow: () => void;
  /** How many are drawn: whoever still sees the end then is given more. */
  readonly length: number;
}

/** Shows more when it comes into sight, asking the server if need be; a button for whoever does not scroll. */
export function LoadMore({ isShort, onGrow, length }: Props) {
  const { t } = useTranslation("run");
  const { hasMore, isLoading, isLoaded, error } = useHistory();
  const button = useRef<HTMLButtonElement>(null);
  const isWaiting = isShort || (isLoaded && hasMore && !isLoading && error === null);
  const more = () => {
    onGrow();
    if (!isShort) void moreHistory();
  };
  const latest = useRef(more);
  latest.current = more;
  // biome-ignore lint/correctness/useExhaustiveDependencies: after each change it is looked at anew
  useEffect(() => {
    const element = button.current;
    if (element === null || !isWaiting) return;
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some((entry) => entry.isIntersecting)) latest.current();
      },
      { rootMargin: "400px" },
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, [isWaiting, length]);
  if (!hasMore && !isShort) return null;
  return (
    <Button ref={button} size="compact-sm" variant="subtle" fullWidth loading={isLoading} onClick={more}>
      {t("history.more")}
    </Button>
  );
}
