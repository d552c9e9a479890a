import{al as o,a as t,m as d,k as e}from"./index-1Zy9HWe5.js";var n=e('<dl class="svelte-58vaxh"><!></dl>');function c(s,l){var a=n(),r=d(a);o(r,()=>l.children),t(s,a)}export{c as F};
