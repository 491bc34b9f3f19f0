# Completion of decant in fish. Print it with: decant completion fish
function __decant_complete
    set -l words (commandline -opc)
    set -l cur (commandline -ct)
    set -l lines ($words[1] completion --answer -- $words[2..] "$cur" 2>/dev/null)
    test (count $lines) -gt 0; or return
    string join \n -- $lines[2..]
    # Of --file=PATH, only PATH.
    set -l prefix (string match -r -- '^--[^=]+=' $cur; or echo '')
    set -l path (string replace -r -- '^--[^=]+=' '' $cur)
    switch $lines[1]
        case files
            string join \n -- $prefix(__fish_complete_path "$path")
        case folders
            string join \n -- $prefix(__fish_complete_directories "$path" Folder)
    end
end
complete -c decant -f -a '(__decant_complete)'
