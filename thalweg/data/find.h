// Where data lies: in the recipe's folder, then in $THALWEG_DATA (folders separated by ':'), then in each
// share/datasets.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace thalweg {

// The folders where relative paths are sought, in this order.
std::vector<std::filesystem::path> data_folders(const std::filesystem::path& recipe_folder);

// The file or folder that `path` names. IoError where there is none: it lists where was looked and the nearest name
// there. `key` is the recipe's key that named it: "data.path".
std::filesystem::path find_data(const std::string& path, const std::filesystem::path& recipe_folder,
                                const std::string& key);

}  // namespace thalweg
