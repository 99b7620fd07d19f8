using System.Text;

namespace DlmUpdater.Cli.Locksmith;

/// <summary>The help texts of <c>locksmithctl</c>.</summary>
internal static class LocksmithHelp
{
    private static readonly (string Name, string Arguments, string Text)[] Commands =
    [
        ("help", "[COMMAND]", "Show the commands, or one of them"),
        ("lock", "[MACHINE-ID]", "Take a slot for this host, or for the one that is named"),
        ("reboot", "", "Take a slot and reboot; give it back with 'unlock' after the boot"),
        ("send-need-reboot", "", "Tell the bus, as update_engine does, that a reboot is needed"),
        ("set-max", "NUMBER", "Set how many hosts may reboot at once; 0 stops the whole fleet"),
        ("status", "", "Show how many slots are free, and who holds the others"),
        ("unlock", "[MACHINE-ID]", "Give the slot of this host back, or of the one that is named"),
    ];

    /// <summary>True for a command of locksmithctl.</summary>
    internal static bool IsCommand(string name) => Array.Exists(Commands, command => command.Name == name);

    /// <summary>The help of one command; null if it does not exist.</summary>
    internal static string? Of(string topic)
    {
        foreach ((string name, string arguments, string text) in Commands)
        {
            if (name == topic) return $"locksmithctl [FLAGS] {name} {arguments}".TrimEnd() + $"\n\n{text}.\n";
        }

        return null;
    }

    /// <summary>All commands and flags.</summary>
    internal static string Usage()
    {
        var text = new StringBuilder("locksmithctl [FLAGS] COMMAND [ARGUMENTS]\n\nThe reboot lock of a fleet in etcd.\n\nCOMMANDS\n");
        foreach ((string name, string arguments, string what) in Commands) text.Append($"  {$"{name} {arguments}",-24} {what}\n");
        return text.Append("\nFLAGS, or LOCKSMITHCTL_ and the name in capitals in the environment\n")
            .Append("  -endpoint URL[,URL]      etcd; may be repeated (http://127.0.0.1:2379,http://127.0.0.1:4001)\n")
            .Append("  -etcd-cafile FILE        the CAs to trust\n  -etcd-certfile FILE      this host's certificate\n  -etcd-keyfile FILE       its key\n")
            .Append("  -etcd-username NAME      a user of etcd\n  -etcd-password TEXT      the password; better in the environment, where others do not see it\n")
            .Append("  -group NAME              the group\n  -api v2|v3               etcd's API (v2); v3 is airlock's semaphore\n  -debug                   accepted, means nothing\n  -version                 show the version\n")
            .ToString();
    }
}
