import { Button } from "@mantine/core";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { moreHistory, useHistory } from "@/store/runs/history";

/** Asks for the next page when it comes into sight; a button for whoever does not scroll. */
export function LoadMore() {
  const { t } = useTranslation("run");
  const { hasMore, isLoading, isLoaded, error } = useHistory();
  const button = useRef<HTMLButtonElement>(null);
  const isWaiting = isLoaded && hasMore && !isLoading && error === null;
  useEffect(() => {
    const element = button.current;
    if (element === null || !isWaiting) return;
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some((entry) => entry.isIntersecting)) void moreHistory();
      },
      { rootMargin: "400px" },
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, [isWaiting]);
  if (!hasMore) return null;
  return (
    <Button
      ref={button}
      size="compact-sm"
      variant="subtle"
      fullWidth
      loading={isLoading}
      onClick={() => void moreHistory()}
    >
      {t("history.more")}
    </Button>
  );
}
