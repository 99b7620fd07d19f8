using DlmUpdater.Cli.Locksmith;
using DlmUpdater.Configuration.Adopted;
using DlmUpdater.Core.Workflow;

namespace DlmUpdater.Cli;

/// <summary>Called by the name of a tool that it stands in for, this program is that tool: its flags, its files, its output where others read it.</summary>
internal static class OldNames
{
    /// <summary>Runs what <paramref name="name"/> stands for; the exit code.</summary>
    /// <param name="name">The file name under which the program was called.</param>
    /// <param name="args">Without that name.</param>
    internal static int Invoke(string name, string[] args)
    {
        int code = Act(name, args);
        return code == 0 && Report.IsCut ? Ending.NotWritable.Code() : code;
    }

    private static int Act(string name, string[] args) => name switch
    {
        "locksmithctl" => Locksmithctl.Invoke(args),
        "updatelock" => CommandLine.Invoke(["updatelock", .. args]),
        "foreman_dlm_updater" => CommandLine.Invoke(Run(args, OldTools.ForemanFile)),
        "dlm_engine_updater" or "dlm-engine-updater" => CommandLine.Invoke(Run(args, OldTools.EngineFile, OldTools.EngineIniFile)),
        _ => CommandLine.Invoke(args),
    };

    /// <summary>A bare call is a run there. The tool's own file is meant unless another is named, or only this program's is left.</summary>
    private static string[] Run(string[] args, params ReadOnlySpan<string> files)
    {
        if (Array.Exists(args, arg => arg is "--cfg" or "--config" || arg.StartsWith("--cfg=", StringComparison.Ordinal) || arg.StartsWith("--config=", StringComparison.Ordinal)))
            return ["run", .. args];

        string config = File.Exists(CommonOptions.DefaultConfig) ? CommonOptions.DefaultConfig : files[0];
        for (int i = files.Length - 1; i >= 0; i--)
        {
            if (File.Exists(files[i])) config = files[i];
        }

        return ["run", "--config", config, .. args];
    }
}
