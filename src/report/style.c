#include "report/style.h"

/* c0 to c3 are runs: blue, vermilion, green and purple, which those who see few
 * colours tell apart, darker on white and lighter on black. Text has a contrast
 * of 4.5 or more to its ground, but 3.4 on some cells of the matrix. */
#define LIGHT                                                                  \
    "--bg:#fff;--ink:#1a1e22;--soft:#56606a;--rule:#d3d9df;--card:#f4f6f8;"    \
    "--c0:#0067a5;--c1:#b84a00;--c2:#007a58;--c3:#9c3d80"
#define DARK                                                                   \
    "--bg:#14171a;--ink:#e5e8eb;--soft:#9ea8b2;--rule:#3a4249;--card:#1e2327;" \
    "--c0:#63b7ee;--c1:#f0954e;--c2:#3fc79b;--c3:#dd93c4"

/* Notebooks have themes of their own, which need not be the system's. */
const char bf_report_style[] =
    ".blindfit{" LIGHT "}\n"
    "@media (prefers-color-scheme:dark){.blindfit{" DARK "}}\n"
    "[data-jp-theme-light=true] .blindfit,.vscode-light .blindfit{" LIGHT "}\n"
    "[data-jp-theme-light=false] .blindfit,.vscode-dark .blindfit{" DARK "}\n"
    ".blindfit{margin:0 auto;max-width:44rem;padding:1rem;"
    "font:1rem/1.5 system-ui,sans-serif;background:var(--bg);"
    "color:var(--ink);overflow-wrap:anywhere}\n"
    ".blindfit h1{font-size:1.6rem;line-height:1.2;margin:.5rem 0}\n"
    ".blindfit h2{font-size:1.2rem;margin:2.2rem 0 .5rem}\n"
    ".blindfit h2.run{border-top:3px solid var(--c);padding-top:.8rem;"
    "margin-top:3rem;font-size:1.4rem}\n"
    ".blindfit h3{font-size:1rem;margin:.2rem 0}\n"
    ".blindfit p{margin:.5rem 0}\n"
    ".blindfit .soft{color:var(--soft)}\n"
    ".blindfit .cards{display:grid;gap:.8rem;"
    "grid-template-columns:repeat(auto-fit,minmax(12rem,1fr))}\n"
    ".blindfit .cards>div{background:var(--card);border-radius:.5rem;"
    "padding:.8rem}\n"
    ".blindfit ul{margin:.3rem 0;padding-left:1.1rem}\n"
    ".blindfit .key{list-style:none;padding:0;display:flex;flex-wrap:wrap;"
    "gap:.2rem 1.2rem}\n"
    ".blindfit .wide{overflow-x:auto}\n"
    ".blindfit table{border-collapse:collapse;margin:0;color:inherit;"
    "font-size:1rem;font-variant-numeric:tabular-nums}\n"
    ".blindfit tbody tr{background:none!important}\n"
    ".blindfit td,.blindfit th{padding:.15rem .8rem .15rem 0;text-align:left;"
    "font-weight:400;vertical-align:top;border:0}\n"
    ".blindfit td.n,.blindfit th.n{text-align:right;white-space:nowrap}\n"
    ".blindfit thead th,.blindfit th.head{font-weight:600}\n"
    ".blindfit thead th{border-bottom:1px solid var(--rule)}\n"
    ".blindfit th.head{padding-top:.8rem}\n"
    ".blindfit summary{cursor:pointer}\n"
    ".blindfit svg{display:block;margin:.6rem 0;width:100%;max-width:34rem;"
    "height:auto;font:11px system-ui,sans-serif}\n"
    ".blindfit .key svg{margin:0 .4rem 0 0;display:inline-block;width:1.8rem;"
    "height:.8rem;vertical-align:middle}\n"
    ".blindfit text{fill:var(--ink)}\n"
    ".blindfit text.soft{fill:var(--soft)}\n"
    ".blindfit text.on{fill:var(--bg)}\n"
    ".blindfit text.end{text-anchor:end}\n"
    ".blindfit text.mid{text-anchor:middle}\n"
    ".blindfit .rule{stroke:var(--rule);fill:none}\n"
    ".blindfit .s0,.blindfit .f0{--c:var(--c0)}\n"
    ".blindfit .s1,.blindfit .f1{--c:var(--c1)}\n"
    ".blindfit .s2,.blindfit .f2{--c:var(--c2)}\n"
    ".blindfit .s3,.blindfit .f3{--c:var(--c3)}\n"
    ".blindfit .s0,.blindfit .s1,.blindfit .s2,.blindfit .s3{stroke:var(--c);"
    "fill:none;stroke-width:1.8}\n"
    ".blindfit .f0,.blindfit .f1,.blindfit .f2,.blindfit .f3{fill:var(--c)}\n"
    ".blindfit .dash{stroke-dasharray:5 4}\n";
