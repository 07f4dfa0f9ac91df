export const pack = "web_routes";
