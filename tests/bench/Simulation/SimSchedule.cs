using DlmUpdater.Core.Scheduling;

namespace DlmUpdater.Bench.Simulation;

/// <summary>Windows that open and close by the host's wall clock, and days that are not for updates.</summary>
internal sealed class SimSchedule(Agent agent) : ISchedule
{
    public Admission Admit(DateTimeOffset now)
    {
        Scenario scenario = agent.Host.Fleet.Scenario;
        TimeSpan since = now - SimTime.Epoch;
        agent.AdmittedAt = agent.Host.Fleet.Sim.Now;
        agent.AdmittedWindow = null;

        long day = (long)Math.Floor(since / TimeSpan.FromDays(1));
        if (scenario.EverySecondDay && day % 2 != 0) return new Admission.NotToday("not today");
        DateTimeOffset? until = scenario.EverySecondDay ? SimTime.Epoch + TimeSpan.FromDays(day + 1) : null;
        long window = day;
        if (scenario.WindowPeriod > TimeSpan.Zero)
        {
            window = (long)Math.Floor(since / scenario.WindowPeriod);
            DateTimeOffset opens = SimTime.Epoch + (window * scenario.WindowPeriod);
            DateTimeOffset closes = opens + scenario.WindowLength;
            if (now >= closes) return new Admission.Closed("the window is closed");
            if (until is null || closes < until) until = closes;
        }

        agent.AdmittedWindow = until is null ? 0 : window;
        return new Admission.Open(until);
    }
}
