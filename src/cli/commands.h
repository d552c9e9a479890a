#pragma once

// The commands, one file each. Each function adds its command to the command line; when that command is chosen,
// `run` becomes what to do.

#include <functional>

#include "cli/env.h"

namespace CLI {
class App;
}

namespace fristad {

using Run = std::function<int(Env&)>;

void add_alliance(CLI::App& app, Run& run);
void add_backup(CLI::App& app, Run& run);
void add_doctor(CLI::App& app, Run& run);
void add_dump(CLI::App& app, Run& run);
void add_erase(CLI::App& app, Run& run);
void add_explain(CLI::App& app, Run& run);
void add_hash(CLI::App& app, Run& run);
void add_import(CLI::App& app, Run& run);
void add_index(CLI::App& app, Run& run);
void add_list(CLI::App& app, Run& run);
void add_log(CLI::App& app, Run& run);
void add_match(CLI::App& app, Run& run);
void add_node(CLI::App& app, Run& run);
void add_rebuild(CLI::App& app, Run& run);
void add_restore(CLI::App& app, Run& run);
void add_scan(CLI::App& app, Run& run);
void add_serve(CLI::App& app, Run& run);
void add_token(CLI::App& app, Run& run);
void add_user(CLI::App& app, Run& run);
void add_version(CLI::App& app, Run& run);

// What `alliance`, `index`, `node`, `list` and `log` are made of.
void add_alliance_audit(CLI::App& alliance, Run& run);  // audit, audits
void add_alliance_join(CLI::App& alliance, Run& run);   // card, read, found, invite, accept
void add_alliance_recover(CLI::App& alliance, Run& run);
void add_alliance_rotate(CLI::App& alliance, Run& run);
void add_alliance_vote(CLI::App& alliance, Run& run);
void add_index_build(CLI::App& index, Run& run);
void add_node_run(CLI::App& node, Run& run);
void add_list_entries(CLI::App& list, Run& run);  // add, withdraw, opinion, recalls
void add_list_export(CLI::App& list, Run& run);
void add_list_import(CLI::App& list, Run& run);
void add_list_subscribe(CLI::App& list, Run& run);  // subscribe, unsubscribe, counts
void add_log_proofs(CLI::App& log, Run& run);       // prove, verify

}  // namespace fristad
