// Runs before anything else on the page: notes what a hostile name would do, and every complaint.
window.complaints = [];
window.alert = (text) => complaints.push(`alert ${text}`);
addEventListener("error", (e) => complaints.push(`error ${e.message}`), true);
addEventListener("unhandledrejection", (e) => complaints.push(`rejection ${e.reason}`));
addEventListener("securitypolicyviolation", (e) => complaints.push(`policy ${e.violatedDirective}`));
for (const level of ["error", "warn"]) {
  console[level] = (...words) => complaints.push(`${level} ${words.join(" ")}`);
}
